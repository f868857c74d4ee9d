"""Whatever leads into the explorer leads to a page of it: assets' links, and the report of the night that it shows."""

import re
from html import unescape

from starlette.testclient import TestClient

from subs_assets.assets.links import PAGES, explorer_links
from subs_assets.report.night import Night
from subs_assets.report.page import render_report

HERE = "http://localhost"

LINKED_BY_THE_REPORT = {
    "/", "/rates", "/products", "/categories", "/categories/category", "/categories/mapping", "/set-aside", "/review",
}  # fmt: skip


def test_every_link_of_an_asset_leads_to_a_page(night: Night, client: TestClient) -> None:
    keys = [[name] for name in PAGES] + [["catalogue", slug] for slug in night.companies]
    links = {value.url for key in keys for value in explorer_links(key, HERE).values()}
    assert len(links) == 6 + 2 * len(night.companies)
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_every_link_of_the_report_leads_to_a_page(night: Night, client: TestClient) -> None:
    """Of each kind of page the longest addresses, in which the most is quoted: a page takes hundredths of a second."""
    page = render_report(night, explorer_url=HERE)
    links: dict[str, set[str]] = {}
    for address in re.findall(f'href="({HERE}[^"]*)"', page):
        kind = re.sub(r"(/rates|/products)/.*|\?.*", r"\1", address.removeprefix(HERE))
        links.setdefault(kind, set()).add(unescape(address))
    assert set(links) == LINKED_BY_THE_REPORT
    tried = [link for of_kind in links.values() for link in sorted(of_kind, key=len)[-3:]]
    assert {link: client.get(link).status_code for link in tried} == dict.fromkeys(tried, 200)
