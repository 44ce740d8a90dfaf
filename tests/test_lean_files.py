"""What browsers get of our stylesheets means what is written in them."""

from __future__ import annotations

import pytest

from project.lean_files import SOURCE, lean
from tests import browser

RULES = """(text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    // Blanks mean something in a selector; in what is declared the browser keeps some of them as they were written.
    const read = (rule) => [
        rule.selectorText ?? rule.conditionText ?? rule.name ?? "",
        (rule.style?.cssText ?? "").replaceAll(/\\s/g, ""),
        [...(rule.cssRules ?? [])].map(read),
    ];
    return [...sheet.cssRules].map(read);
}"""


@pytest.mark.parametrize(
    ("written", "served"),
    [
        ("@layer x { .a :is(b, i) { c: d } }", "@layer x{.a *:is(b,i){c:d}}"),
        ("@layer x { .a > :not(b), [c] :focus { c: d } }", "@layer x{.a>:not(b),[c] *:focus{c:d}}"),
        ("@layer x { .a:is(b) { c: d; e: f } }", "@layer x{.a:is(b){c:d;e:f}}"),
    ],
)
def test_a_blank_that_means_a_descendant_stays(written: str, served: str) -> None:
    assert lean("it.css", written) == served


async def test_a_browser_reads_the_same_rules_in_every_lean_stylesheet() -> None:
    async with browser.chromium() as chromium:
        page = await chromium.new_page()
        for file in sorted(SOURCE.rglob("*.css")):
            written = file.read_text()
            rules = await page.evaluate(RULES, written)
            assert rules, file.name
            assert await page.evaluate(RULES, lean(file.name, written)) == rules, file.name
