/* The SMPP peer for benchmarks: answers everything at once, in one thread, as fast as it can.
 *
 *   cc -O2 -o sink sink.c && ./sink          prints the port it listens on (127.0.0.1)
 *
 * bind_*, submit_sm, enquire_link and unbind are answered; where a receipt is asked for, a
 * deliver_sm follows its submit_sm_resp. Counts messages and responses per connection and prints
 * them when the connection ends. No checks beyond what keeps it from crashing.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_SIZE (1 << 20)
#define OUT_SIZE (1 << 24)

struct connection {
    int fd;
    size_t in_used, out_used, out_sent;
    unsigned long submitted, acknowledged;
    char in[IN_SIZE], out[OUT_SIZE];
};

static unsigned long next_id = 1;

static uint32_t get32(const char *at) {
    uint32_t value;
    memcpy(&value, at, 4);
    return ntohl(value);
}

static char *put32(char *at, uint32_t value) {
    value = htonl(value);
    memcpy(at, &value, 4);
    return at + 4;
}

static char *header(char *at, uint32_t size, uint32_t command, uint32_t sequence) {
    return put32(put32(put32(put32(at, size), command), 0), sequence);
}

/* the end of a C string, or NULL past the PDU */
static const char *skip(const char *at, const char *end) {
    if (at == NULL || at >= end) return NULL;
    const char *nul = memchr(at, 0, end - at);
    return nul == NULL ? NULL : nul + 1;
}

static void submit(struct connection *c, const char *pdu, const char *end, uint32_t sequence) {
    char id[16];
    snprintf(id, sizeof id, "%010lu", next_id++);
    char *out = header(c->out + c->out_used, 27, 0x80000004, sequence);
    memcpy(out, id, 11);
    c->out_used += 27;
    c->submitted++;

    const char *source = skip(pdu + 16, end);
    const char *number = source == NULL ? NULL : skip(source + 2, end);
    const char *rest = number == NULL ? NULL : skip(number + 2, end);
    const char *times = rest == NULL ? NULL : skip(skip(rest + 3, end), end);
    if (times == NULL || times >= end || !(times[0] & 1)) return;
    char text[200];
    int size = snprintf(text, sizeof text,
                        "id:%s sub:001 dlvrd:001 submit date:2611221900 done date:2611221900 "
                        "stat:DELIVRD err:000 text:", id);
    size_t from = strnlen(number + 2, 20) + 1, to = strnlen(source + 2, 20) + 1;
    char *start = c->out + c->out_used;
    out = start + 16;
    memset(out, 0, 3), out += 3;
    memcpy(out, number + 2, from), out += from;
    memset(out, 0, 2), out += 2;
    memcpy(out, source + 2, to), out += to;
    memset(out, 0, 10), out[0] = 4, out[9] = (char)size, out += 10;
    memcpy(out, text, size), out += size;
    header(start, (uint32_t)(out - start), 0x00000005, (uint32_t)(next_id & 0x7fffffff));
    c->out_used += out - start;
}

/* 0 when the connection is to be closed */
static int take(struct connection *c, const char *pdu, uint32_t size) {
    uint32_t command = get32(pdu + 4), sequence = get32(pdu + 12);
    switch (command) {
    case 0x00000004:
        submit(c, pdu, pdu + size, sequence);
        return 1;
    case 0x80000005:
        c->acknowledged++;
        return 1;
    case 0x00000001: case 0x00000002: case 0x00000009:
        memcpy(header(c->out + c->out_used, 21, command | 0x80000000, sequence), "sink", 5);
        c->out_used += 21;
        return 1;
    case 0x00000015: case 0x00000006:
        header(c->out + c->out_used, 16, command | 0x80000000, sequence);
        c->out_used += 16;
        return 1;
    default:
        return command & 0x80000000 ? 1 : 0;
    }
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

/* 0 when the connection has ended; returns 1 once there is nothing to do but wait */
static int serve(struct connection *c) {
    for (;;) {
        if (!flush(c)) return 0;
        if (c->out_used > OUT_SIZE - 4 * IN_SIZE) return 1; /* the peer has to read first */
        ssize_t got = read(c->fd, c->in + c->in_used, IN_SIZE - c->in_used);
        if (got < 0 && errno == EAGAIN) return 1;
        if (got <= 0) return 0;
        c->in_used += got;
        size_t at = 0;
        while (c->in_used - at >= 16) {
            uint32_t size = get32(c->in + at);
            if (size < 16 || size > 65536) return 0;
            if (c->in_used - at < size) break;
            if (!take(c, c->in + at, size)) return 0;
            at += size;
        }
        memmove(c->in, c->in + at, c->in_used -= at);
    }
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0), on = 1;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    if (bind(listener, (struct sockaddr *)&here, size) || listen(listener, 16)) return 1;
    getsockname(listener, (struct sockaddr *)&here, &size);
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    while (epoll_wait(poll, &event, 1, -1) >= 0) {
        struct connection *c = event.data.ptr;
        if (c == NULL) {
            c = calloc(1, sizeof *c);
            c->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
            setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            event.events = EPOLLIN | EPOLLOUT | EPOLLET;
            event.data.ptr = c;
            epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event);
        } else if (!serve(c)) {
            printf("{\"submitted\": %lu, \"acknowledged\": %lu}\n", c->submitted, c->acknowledged);
            fflush(stdout);
            close(c->fd);
            free(c);
        }
    }
    return 1;
}
