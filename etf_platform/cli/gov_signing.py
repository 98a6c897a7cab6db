"""What people do for a week: `gov manual-prefill|manual-update|reopen`. Whoever signs is asked for the secret.

Not here: the documents of a week (`gov_weekly`), seals (`governance.people`).
"""

import click

from etf_platform.cli.gov_acts import BY, asked, opened, reason_option, seal_and_record
from etf_platform.cli.gov_weekly import chosen, tell, week_option
from etf_platform.cli.options import with_workspace
from etf_platform.cli.show import say
from etf_platform.core.errors import BadInputError
from etf_platform.core.workspace import Workspace


@click.command("manual-prefill")
@week_option
@with_workspace
def manual_prefill(workspace: Workspace, week: str | None) -> None:
    """Write the form of a week: empty, or as far as people have signed it already."""
    from etf_platform.orchestration.weekly.closing import form

    tell(form(opened(workspace), chosen(week)))


@click.command("manual-update")
@week_option
@click.option("--item", metavar="KEY", help="An item of manual_status that is done; needs --by.")
@click.option("--by", metavar="NAME", help="A person of governance.yaml; asked for the secret.")
@click.option("--signoff", metavar="ROLE=NAME", help="Sign the week off as research, engineering or risk.")
@with_workspace
def manual_update(
    workspace: Workspace, week: str | None, item: str | None, by: str | None, signoff: str | None
) -> None:
    """Say that an item is done, or sign a week off. The only way; it needs the person's secret.

    A sign-off covers the bytes of every file of the week: they are never overwritten afterwards.
    """
    from etf_platform.orchestration.weekly.closing import form, item_event, sign_off_pack, signoff_event

    platform, which = opened(workspace), chosen(week)
    if bool(item) == bool(signoff) or bool(item) != (by is not None):
        saw = "neither an item with a name nor a sign-off is given, or both are"
        raise BadInputError(f"updating {which}", saw, "give --item KEY --by NAME, or --signoff ROLE=NAME")
    if item:
        event = item_event(platform, which, item, by or "")
    else:
        role, _, name = (signoff or "").partition("=")
        event = signoff_event(platform, which, role.strip(), name.strip())
        say(f"You sign {len(event.payload['files'])} files of {which} in the role of {role}.")
    seal_and_record(platform, event)
    tell(form(platform, which))
    tell(sign_off_pack(platform, which))


@click.command()
@week_option
@reason_option
@with_workspace
def reopen(workspace: Workspace, week: str | None, reason: str) -> None:
    """Take a signed week up again: copies of what was signed are kept aside, and it has to be signed anew."""
    from etf_platform.orchestration.weekly.closing import reopen as take_up

    which = chosen(week)
    aside = take_up(opened(workspace), which, asked(reason), BY)
    click.echo(f"{which} is open again; what was signed lies in {aside}" if aside else f"{which} is not signed")


COMMANDS = (manual_prefill, manual_update, reopen)
