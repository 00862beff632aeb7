"""Who may talk to the page: hosts, origins, cookies, and what every answer carries."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "smsvet"
DAYS_30 = 30 * 24 * 3600
OWN_HEADER = "x-smsvet"  # a form of another site cannot send it
EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not listened on

# Nothing is loaded from elsewhere, nothing inline runs, nobody may show the page in a frame.
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
# A report is a page of our own making; it still gets no script and no origin.
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Guard:
    """`host` is where the server listens, `public` the address of the proxy before it."""

    host: str
    public: str = ""

    @property
    def public_host(self) -> str:
        return urlsplit(self.public).hostname or ""

    @property
    def public_origin(self) -> str:
        parts = urlsplit(self.public)
        return f"{parts.scheme}://{parts.netloc}"

    def knows(self, request: Request) -> bool:
        """Whether the request names us: a name that was pointed here by others does not count."""
        name = _host(request)
        if not name:
            return False
        own = {self.host.lower(), self.public_host} - EVERYWHERE - {""}
        return name in own or is_loopback(name)

    def trusts(self, request: Request) -> bool:
        """Whether a request that changes something comes from our own page."""
        origin = request.headers.get("origin", "")
        site = request.headers.get("sec-fetch-site", "same-origin")
        host = request.headers["host"]
        return (
            OWN_HEADER in request.headers
            and site == "same-origin"
            and origin in {f"http://{host}", f"https://{host}", self.public_origin}
        )

    def is_secure(self, request: Request) -> bool:
        """Whether the browser came over HTTPS, also where the proxy before us speaks HTTP to us.

        Asked only of requests that `trusts` has let through.
        """
        return request.headers.get("origin", "").startswith("https://")

    def address(self, request: Request) -> str:
        """Who tries a code: the address the proxy saw, where there is one."""
        client = request.client.host if request.client else ""
        seen = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        return seen if self.public and seen and is_loopback(client) else client

    def sign_in(self, request: Request, response: Response, token: str) -> None:
        """The browser keeps this; scripts cannot read it, other sites cannot have it sent."""
        response.set_cookie(
            COOKIE,
            token,
            max_age=DAYS_30,
            path="/",
            secure=self.is_secure(request),
            httponly=True,
            samesite="strict",
        )

    def sign_out(self, request: Request, response: Response) -> None:
        response.delete_cookie(
            COOKIE, path="/", secure=self.is_secure(request), httponly=True, samesite="strict"
        )


def is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _host(request: Request) -> str:
    """The name in the Host header, without port and brackets, in lower case."""
    try:
        return (urlsplit(f"//{request.headers.get('host', '')}").hostname or "").lower()
    except ValueError:
        return ""
