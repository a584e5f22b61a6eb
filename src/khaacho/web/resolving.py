"""How a handler gets its collaborators: one after the other, as none of them waits for another."""

from __future__ import annotations

from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute


class OneByOne(ReceiveRoutePlugin):
    """Resolves a handler's dependencies without a task for each.

    The framework starts a group of tasks as soon as a handler has two dependencies. Ours are at hand, and `actor` has
    been found by the guard before; measured, the tasks took an eighth of answering for a balance.
    """

    def receive_route(self, route: BaseRoute) -> None:
        if not isinstance(route, HTTPRoute):
            return
        for _, arguments in route.route_handler_map.values():
            arguments.dependency_batches = [{one} for batch in arguments.dependency_batches for one in batch]
