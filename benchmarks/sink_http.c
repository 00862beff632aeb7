/* The HTTP peer for benchmarks: answers every request at once, in one thread, as fast as it can.
 *
 *   cc -O2 -o sink_http sink_http.c && ./sink_http       prints the port it listens on (127.0.0.1)
 *
 * Whatever is asked, the answer is the one of Alibaba Cloud's SendSms, with a new BizId each time.
 * Connections are kept; a request has a Content-Length or no body. No checks beyond what keeps it
 * from crashing.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_SIZE (1 << 16)
#define OUT_SIZE (1 << 16)

struct connection {
    int fd;
    size_t in_used, out_used, out_sent;
    char in[IN_SIZE + 1], out[OUT_SIZE];
};

static unsigned long next_id = 1;

static void answer(struct connection *c) {
    char body[200];
    int size = snprintf(body, sizeof body,
                        "{\"Message\":\"OK\",\"RequestId\":\"873043AC-BCDA-44DB-9052-2E204C6ED20F\","
                        "\"BizId\":\"%018lu^0\",\"Code\":\"OK\"}", next_id++);
    c->out_used += snprintf(c->out + c->out_used, OUT_SIZE - c->out_used,
                            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                            "Content-Length: %d\r\n\r\n%s", size, body);
}

static int flush(struct connection *c) {
    while (c->out_sent < c->out_used) {
        ssize_t sent = write(c->fd, c->out + c->out_sent, c->out_used - c->out_sent);
        if (sent < 0) return errno == EAGAIN;
        c->out_sent += sent;
    }
    c->out_sent = c->out_used = 0;
    return 1;
}

/* the whole request's size, 0 while it is not there, -1 where it cannot be read */
static long whole(struct connection *c) {
    c->in[c->in_used] = 0;
    char *end = strstr(c->in, "\r\n\r\n");
    if (end == NULL) return c->in_used < IN_SIZE ? 0 : -1;
    char *length = strcasestr(c->in, "\r\ncontent-length:");
    long body = length != NULL && length < end ? atol(length + 17) : 0;
    long size = end + 4 - c->in + body;
    if (body < 0 || size > IN_SIZE) return -1;
    return (long)c->in_used < size ? 0 : size;
}

/* 0 when the connection has ended; returns 1 once there is nothing to do but wait */
static int serve(struct connection *c) {
    for (;;) {
        if (!flush(c)) return 0;
        if (c->out_used > OUT_SIZE / 2) return 1; /* the peer has to read first */
        ssize_t got = read(c->fd, c->in + c->in_used, IN_SIZE - c->in_used);
        if (got < 0 && errno == EAGAIN) return 1;
        if (got <= 0) return 0;
        c->in_used += got;
        long size;
        while ((size = whole(c)) > 0 && c->out_used < OUT_SIZE - 1024) {
            answer(c);
            memmove(c->in, c->in + size, c->in_used -= size);
        }
        if (size < 0) return 0;
    }
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0), on = 1;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    if (bind(listener, (struct sockaddr *)&here, size) || listen(listener, 128)) return 1;
    getsockname(listener, (struct sockaddr *)&here, &size);
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event ready[64];
        int count = epoll_wait(poll, ready, 64, -1);
        for (int i = 0; i < count; i++) {
            struct connection *c = ready[i].data.ptr;
            if (c == NULL) {
                int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (fd < 0) continue;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                c = calloc(1, sizeof *c);
                c->fd = fd;
                event.events = EPOLLIN | EPOLLOUT | EPOLLET;
                event.data.ptr = c;
                epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
            } else if (!serve(c)) {
                close(c->fd);
                free(c);
            }
        }
    }
}
