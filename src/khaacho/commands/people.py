"""`khaacho user`: the first admin, and others who sign in, from the command line."""

from __future__ import annotations

from cyclopts import App

from khaacho.actors import SYSTEM, ActorRole
from khaacho.commands.terminal import DONE, out, with_database
from khaacho.errors import ValidationFailed
from khaacho.parties.phones import parse_phone
from khaacho.parties.records import NewUser
from khaacho.parties.signin.passwords import hash_password
from khaacho.parties.user_actions import add_users
from khaacho.platform.database import Database
from khaacho.settings import Settings

# Retailers, vendors and freelancers come with their shop or profile, by the API or the console.
ROLES = (ActorRole.ADMIN, ActorRole.OPERATOR)


def add_to(app: App) -> None:
    user = App(name="user", help="People who sign in.")
    user.command(create)
    app.command(user)


def create(*, role: ActorRole, phone: str, password: str, name: str | None = None) -> int:
    """Add an admin or an operator; nobody can register as one.

    Parameters
    ----------
    role
        ADMIN or OPERATOR.
    phone
        The phone number they sign in with; Nepali numbers may go without +977.
    password
        At least as long as the product asks of everyone.
    name
        What they are called in the audit trail; the role when not given.
    """
    if role not in ROLES:
        raise ValidationFailed(field="role", why="must be ADMIN or OPERATOR")
    number = parse_phone(phone, field="phone")

    async def act(_settings: Settings, database: Database) -> None:
        hashed = await hash_password(password)
        user = NewUser(phone=number, name=name or role.capitalize(), role=role, password_hash=hashed)
        async with database.transaction() as tx:
            await add_users(tx, SYSTEM, users=[user])

    with_database(act)
    out.print(f"{role} {number} can sign in.", highlight=False)
    return DONE
