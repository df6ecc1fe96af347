"""Pictures of the console for the documents: every screen, from the application that the tests drive, with the sample.

python tools/make_console_screenshots.py
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "console"
sys.path.insert(0, str(ROOT))

from tests.console.conftest import Gateway, Visit, served  # noqa: E402
from tests.support.varied_calls import play_calls  # noqa: E402


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder)) as gateway,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        gateway.add_call(filename="2026-11-27-001.mp3", metadata={"agent_id": "emma", "queue": "billing"})
        call_id = gateway.add_call(
            filename="2026-11-28-014.mp3", metadata={"agent_id": "emma", "queue": "billing"}
        )
        list(play_calls(gateway.store, 150, tenant="full"))
        gateway.store.create_api_key("Minji Kim", ["calls:read", "calls:write"])
        gateway.store.create_webhook(
            "default", "https://crm.example.org/hooks", ["call.completed", "call.failed"], "To the CRM"
        )
        for locale, scheme, suffix in (("en-GB", "light", ""), ("ko-KR", "dark", ".ko")):
            context = browser.new_context(
                locale=locale, color_scheme=scheme, viewport={"width": 1280, "height": 860}
            )
            visit = Visit(context.new_page(), gateway, [], [])
            visit.page.goto(gateway.url)
            visit.page.locator("#key").wait_for()
            picture(visit, "sign-in" + suffix)
            visit.sign_in("admin")
            for name, screen in screens(gateway, call_id):
                visit.page.goto(f"{gateway.url}/#/{screen}")
                visit.page.locator("tbody tr, .turn[aria-current]").first.wait_for()
                visit.page.wait_for_timeout(500)
                picture(visit, name + suffix)
            visit.page.locator("header.bar button").last.click()  # sign out
            visit.page.locator("#key").wait_for()
            visit.sign_in("admin", tenant="full")
            for name, screen in FULL:
                visit.page.goto(f"{gateway.url}/#/{screen}")
                visit.page.locator("tbody tr, .cards").first.wait_for()
                visit.page.wait_for_timeout(500)
                picture(visit, name + suffix)
            visit.page.set_viewport_size({"width": 360, "height": 780})
            visit.page.goto(f"{gateway.url}/#/calls")
            visit.page.locator("tbody tr").first.wait_for()
            visit.page.wait_for_timeout(500)
            visit.page.locator("tbody tr").first.scroll_into_view_if_needed()
            visit.page.evaluate("document.querySelector('.calls').scrollIntoView()")
            picture(visit, "phone" + suffix)
            context.close()
        browser.close()


FULL = (("calls", "calls"), ("overview", "overview?first_day=2026-03-05&last_day=2026-03-18"))
"""Screens that show many calls; they are played."""


def screens(gateway: Gateway, call_id: str) -> list[tuple[str, str]]:
    return [
        ("search", "calls?q=refund"),
        ("call", f"calls/{call_id}?at=33"),
        ("operations", "operations"),
        ("keys", "keys"),
        ("webhooks", "webhooks"),
        ("audit", "audit"),
    ]


def picture(visit: Visit, name: str) -> None:
    visit.page.screenshot(path=FOLDER / f"{name}.png")
    print(f"docs/console/{name}.png")


if __name__ == "__main__":
    main()
