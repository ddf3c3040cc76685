"""What must hold of every page in a browser, and of some of them in particular. The argument is the folder of the pages."""

import sys
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

PLACE = Path(sys.argv[1])
PAGES = sorted(PLACE.glob("*.html"))
WIDTHS = [360, 800, 1600]


def opened(browser, path, **context):
    page = browser.new_context(**context).new_page()
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("dialog", lambda dialog: (page.said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(path.as_uri())
    return page


def column(page, table, place):
    return page.eval_on_selector_all(
        f"{table} tbody tr:not(.whole):not([hidden])", f"rows => rows.map(row => row.cells[{place}].textContent)"
    )


def every_page(browser, path):
    for width in WIDTHS:
        page = opened(browser, path, viewport={"width": width, "height": 900})
        assert page.said == [] and page.asked == [path.as_uri()], (path.name, page.said, page.asked)
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{path.name} is {overflow} pixels wider than {width}"
        page.context.close()
    for scheme in ["light", "dark"]:
        # The checker is a script of its own, which the page's policy forbids.
        page = opened(browser, path, color_scheme=scheme, bypass_csp=True)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path.name}, {scheme}:\n{found.generate_report()}"
        page.context.close()
    # All of it can be read without a script.
    with_script, without = opened(browser, path), opened(browser, path, java_script_enabled=False)
    whole = with_script.inner_text("main").replace("Filter", "")
    text = without.inner_text("main")
    missing = [word for word in whole.split() if word not in text]
    assert missing == [], f"{path.name}: only with a script: {missing[:10]}"
    with_script.context.close()
    without.context.close()


def sorting_and_keys(browser):
    page = opened(browser, PLACE / "nine_agents.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip", "the first stop leads to the content"
    table = "table:has(button:text-is('sent'))"
    agents = page.locator(table)
    assert column(page, table, 0)[:2] == ["Agent-1", "Agent-2"]
    button = agents.get_by_role("button", name="sent")
    button.focus()
    page.keyboard.press("Enter")
    sent = [int(text.replace(",", "")) for text in column(page, table, 1) if text]
    assert sent == sorted(sent, reverse=True) and len(sent) == 9, sent
    assert agents.locator("th[aria-sort=descending]").count() == 1
    page.keyboard.press("Enter")
    assert [int(text.replace(",", "")) for text in column(page, table, 1) if text] == sent[::-1]
    # Times of different units are sorted by what they are.
    agents.get_by_role("button", name="mean time").click()
    times = [float(text.split()[0]) for text in column(page, table, 4) if text]
    assert times == sorted(times, reverse=True), times
    plot = page.locator("figure.plot svg[role=img]").first
    plot.focus()
    page.keyboard.press("ArrowRight")
    tip = page.locator("figure.plot .tip:visible")
    assert tip.count() == 1 and "total" in tip.inner_text(), "the keys show values"
    first = tip.inner_text()
    page.keyboard.press("ArrowRight")
    assert tip.inner_text() != first
    page.keyboard.press("Escape")
    assert tip.count() == 0
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
    assert page.locator("figure.plot .tip:visible").count() == 1, "so does the pointer"
    page.context.close()


def filtering(browser):
    page = opened(browser, PLACE / "many.html")
    table = "table.searched:has(button:text-is('sent'))"
    rows = len(column(page, table, 0))
    assert rows >= 300, rows
    page.locator(".filter input").first.fill("Agent-29")
    left = column(page, table, 0)
    assert left == ["Agent-29"] + [f"Agent-29{i}" for i in range(10)], left
    assert f"11 of {rows}" in page.locator(".filter [role=status]").first.inner_text()
    page.locator(".filter input").first.fill("")
    assert len(column(page, table, 0)) == rows
    page.context.close()


def hostile_names(browser):
    page = opened(browser, PLACE / "hostile.html")
    assert page.locator("main script, header script, main b:text-is('bold')").count() == 0
    assert "<script>alert('1')</script>" in page.inner_text("h1")
    assert "\u202e" not in page.content(), "what turns the text round is shown as what it is"
    page.context.close()


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    assert len(PAGES) >= 7, PAGES
    for path in PAGES:
        every_page(browser, path)
    sorting_and_keys(browser)
    filtering(browser)
    hostile_names(browser)
    browser.close()
