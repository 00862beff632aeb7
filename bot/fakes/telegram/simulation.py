"""The side door /sim/: the people's part and the faults, by HTTP, so that any program can play.

Every answer is JSON. A POST's body is JSON; a file's content is base64 in `data`.
"""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.fakes.telegram import people
from bot.fakes.telegram.faults import Fault
from bot.fakes.telegram.params import RefusalError
from bot.fakes.telegram.world import Fake

JSON = dict[str, Any]
Deed = Callable[[Fake, JSON], Any]


def _person(fake: Fake, body: JSON) -> Any:
    return fake.person(int(body["user"]), body.get("name", ""), body.get("username", ""))


def _group(fake: Fake, body: JSON) -> Any:
    members = tuple(int(one) for one in body.get("members", ()))
    return fake.group(int(body["chat"]), body.get("title", "Group"), members).about


def _say(fake: Fake, body: JSON) -> Any:
    return people.say(fake, **body)


def _press(fake: Fake, body: JSON) -> Any:
    return {"query": people.press(fake, **body)}


def _edit(fake: Fake, body: JSON) -> Any:
    return people.edit(fake, **body)


def _upload(fake: Fake, body: JSON) -> Any:
    return people.upload(fake, **{**body, "data": base64.b64decode(body["data"])})


def _block(fake: Fake, body: JSON) -> Any:
    return people.stand(fake, status="kicked", **body)


def _unblock(fake: Fake, body: JSON) -> Any:
    return people.stand(fake, status="member", **body)


def _migrate(fake: Fake, body: JSON) -> Any:
    return {"chat": people.migrate(fake, int(body["chat"]))}


def _fault(fake: Fake, body: JSON) -> Any:
    known = {one.name for one in fields(Fault)}
    if not set(body) <= known:
        raise RefusalError(f"a fault has only: {', '.join(sorted(known))}")
    fake.faults.set(Fault(**body))


def _disorder(fake: Fake, body: JSON) -> Any:
    """How many updates come twice, late, and how many answers backwards."""
    for name in ("doubled", "late", "swapped"):
        setattr(fake.updates, name, int(body.get(name, 0)))


def _heal(fake: Fake, _: JSON) -> Any:
    fake.faults.clear()
    _disorder(fake, {})


DEEDS: dict[str, Deed] = {
    "person": _person,
    "group": _group,
    "say": _say,
    "press": _press,
    "edit": _edit,
    "upload": _upload,
    "block": _block,
    "unblock": _unblock,
    "migrate": _migrate,
    "fault": _fault,
    "disorder": _disorder,
    "heal": _heal,
}


def routes(fake: Fake) -> list[Route]:
    """POST /sim/<deed>; GET /sim/transcript?chat=, /sim/calls, /sim/queries, /sim/waiting."""

    def transcript(request: Request) -> Any:
        return fake.transcript(int(request.query_params["chat"]))

    def calls(_: Request) -> Any:
        return [asdict(one) for one in fake.calls]

    def queries(_: Request) -> Any:
        return [asdict(one) for one in fake.queries.values()]

    def waiting(_: Request) -> Any:
        return fake.updates.waiting

    looks = {"transcript": transcript, "calls": calls, "queries": queries, "waiting": waiting}
    return [
        *(Route(f"/sim/{name}", _looking(look)) for name, look in looks.items()),
        *(
            Route(f"/sim/{name}", _doing(fake, deed), methods=["POST"])
            for name, deed in DEEDS.items()
        ),
    ]


def _looking(look: Callable[[Request], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def looked(request: Request) -> Response:
        return JSONResponse(look(request))

    return looked


def _doing(fake: Fake, deed: Deed) -> Callable[[Request], Awaitable[Response]]:
    async def done(request: Request) -> Response:
        try:
            return JSONResponse(deed(fake, await request.json()))
        except RefusalError as refusal:
            return JSONResponse({"error": str(refusal)}, 400)
        except (KeyError, TypeError, ValueError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)

    return done
