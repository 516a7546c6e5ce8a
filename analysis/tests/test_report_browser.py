# SPDX-License-Identifier: Apache-2.0
"""The report in a real headless Chromium: drawing, hovering, filtering, printing, hostile text."""

from __future__ import annotations

import base64
import csv
import io
import re
import shutil
import subprocess
import urllib.parse
from pathlib import Path

import pytest
from report_browser import (
    INSTALL,
    ActionChains,
    Driver,
    after_update,
    assert_clean_log,
    browser,
    click_here,
    draw_parallel,
    files,
    filter_by,
    move_to,
    open_page,
    rows,
    shown_points,
    wait,
)
from report_results import EVIL, EVIL_IMAGE
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from acimsweep import open_results
from acimsweep.pareto import pareto_front

__all__ = ["browser", "files"]  # fixtures


def test_page_draws_without_a_word_in_the_console(browser: Driver, files: Path) -> None:
    open_page(browser, files / "small.html")
    draw_parallel(browser)
    names = browser.execute_script(
        "return document.getElementById('parallel').data[0].dimensions.map((d) => d.name)")
    assert names == ["macro.adc.bits", "macro.noise.random.sigma", "macro.adc.type", "accuracy",
                     "tops_per_watt", "energy", "latency"]
    assert len(shown_points(browser)) == 63
    for plot in ("layer-csnr", "layer-error", "cost-points", "cost-layers"):
        assert browser.execute_script(
            "return document.querySelectorAll(`#${arguments[0]} .point`).length", plot) >= 3, plot
    assert browser.find_element(By.ID, "failure").is_displayed() is False
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert_clean_log(browser)


def test_hover_and_click_show_the_point(browser: Driver, files: Path) -> None:
    open_page(browser, files / "small.html")
    points = open_results(files / "small.h5").points
    point = int(points["tops_per_watt"].idxmax())
    move_to(browser, point).perform()
    text = wait(browser, "[...document.querySelectorAll('#pareto .hoverlayer .hovertext')]"
                         ".map((e) => e.textContent).join('')")
    row = points.loc[point]
    for part in (f"Point {point}", f"adc.bits = {row['macro.adc.bits']} bit",
                 f"noise.random.sigma = {row['macro.noise.random.sigma']:g} LSB",
                 f"adc.type = {row['macro.adc.type']}",
                 f"Top-1 accuracy: {100 * row['accuracy']:.2f} % "
                 f"({100 * row['accuracy_ci_low']:.2f} to {100 * row['accuracy_ci_high']:.2f})",
                 f"{row['tops_per_watt']:.4g} TOPS/W", "Energy per inference"):
        assert part in text, (part, text)
    after_update(browser, lambda: click_here(browser))
    selected = [p for p, classes in rows(browser) if "selected" in classes]
    assert selected == [point]
    assert browser.find_element(By.ID, "point-name").text == f"no. {point}"
    assert_clean_log(browser)


def test_menus_change_axes_and_front(browser: Driver, files: Path) -> None:
    open_page(browser, files / "small.html")
    points = open_results(files / "small.h5").points
    signs = {"accuracy": 1, "tops_per_watt": 1, "energy": -1, "latency": -1, "loss": -1}
    for x, y in (("tops_per_watt", "accuracy"), ("latency", "accuracy"), ("energy", "loss")):
        for menu, key in (("axis-x", x), ("axis-y", y)):
            select = Select(browser.find_element(By.ID, menu))
            if select.first_selected_option.get_attribute("value") != key:
                after_update(browser, lambda s=select, k=key: s.select_by_value(k))
        front = points.index[pareto_front(points[[x, y]] * [signs[x], signs[y]])]
        xs = browser.execute_script(
            "const line = document.getElementById('pareto').data"
            ".find((t) => t.name === 'Pareto front'); return line.x")
        assert len(xs) == len(front)
        marks = browser.execute_script(
            "return [...document.querySelectorAll('#points td.mark')].map((c) => c.textContent)")
        drawn = {p for (p, _), mark in zip(rows(browser), marks) if mark}
        assert drawn == set(front) & {p for p, _ in rows(browser)}
    after_update(browser, lambda: Select(
        browser.find_element(By.ID, "axis-x")).select_by_value("macro.adc.bits"))
    title = browser.execute_script(
        "return document.querySelector('#pareto .xtitle').textContent")
    assert title == "macro.adc.bits [bit]"
    assert "front needs" in browser.find_element(By.ID, "pareto-caption").text
    after_update(browser, lambda: Select(
        browser.find_element(By.ID, "colour")).select_by_value("accuracy"))
    assert len(shown_points(browser)) == 63
    assert_clean_log(browser)


def test_table_sorts_filters_and_leads_the_plot(browser: Driver, files: Path) -> None:
    open_page(browser, files / "small.html", fresh=True)
    points = open_results(files / "small.h5").points
    best = points["accuracy"].sort_values(ascending=False, kind="stable").index
    assert [p for p, _ in rows(browser)] == list(best[:25])

    def click(key: str) -> None:
        browser.execute_script("document.querySelector(`th[data-key='${arguments[0]}'] button`)"
                               ".click()", key)

    click("energy")
    assert [p for p, _ in rows(browser)] == list(points["energy"].sort_values().index[:25])
    click("energy")
    assert rows(browser)[0][0] == points["energy"].idxmax()
    filter_by(browser, "adc.bits >= 8 and accuracy > 80 % and energy < 1 uJ and type = sar")
    kept = points[(points["macro.adc.bits"] >= 8) & (points["accuracy"] > 0.8)
                  & (points["energy"] < 1e-6) & (points["macro.adc.type"] == "sar")]
    assert 0 < len(kept) < 25
    assert shown_points(browser) == list(kept.index)
    inside = [p for p, classes in rows(browser) if "outside" not in classes]
    assert sorted(inside) == list(kept.index)
    assert browser.find_element(By.ID, "count").text == f"{len(kept)} of 63 points"
    after_update(browser, lambda: browser.execute_script("document.getElementById('hide').click()"))
    assert [p for p, _ in rows(browser)] == inside
    after_update(browser, lambda: browser.execute_script(
        "document.querySelector('#points tbody tr').click()"))
    ring = browser.execute_script(
        "return document.getElementById('pareto').data.find((t) => t.name === 'selected').y[0]")
    assert ring == pytest.approx(100 * points["accuracy"][inside[0]], rel=1e-12)
    assert_clean_log(browser)


@pytest.mark.parametrize("text, message", [
    ("nothing > 3", 'no column is called "nothing"'), ("accuracy >", "a value is missing"),
    ("(accuracy > 0.5", "not closed"), ("accuracy > 3 nJ", "is not measured in"),
    ("accuracy > 0.5 0.6", "did not expect"), ("(" * 3000 + "a=1", "too many parentheses"),
    ("bits = many", "is no number"), ("bits > 4 and bits in 4", "a list such as"), ("3 > 4", "needs a column")])
def test_filter_says_what_it_cannot_read(browser: Driver, files: Path, text: str,
                                         message: str) -> None:
    open_page(browser, files / "small.html")
    browser.execute_script(
        "const box = document.getElementById('filter'); box.value = arguments[0];"
        "box.dispatchEvent(new Event('input'))", text)
    assert message in browser.find_element(By.ID, "filter-error").text
    assert len(shown_points(browser)) == 63


def test_filters_mean_what_they_say(browser: Driver, files: Path) -> None:
    open_page(browser, files / "small.html")
    points = open_results(files / "small.h5").points
    bits, sigma, kind = (points[f"macro.{n}"] for n in ("adc.bits", "noise.random.sigma", "adc.type"))
    for text, kept in (
            ("sar", kind == "sar"), ("`macro.adc.type` ~ FLA", kind == "flash"),
            ("bits=4 or bits=5 and sigma<1", (bits == 4) | (bits == 5) & (sigma < 1)),
            ("not (bits = 4 || sigma >= 5e-1)", ~((bits == 4) | (sigma >= 0.5))),
            ("latency <= 6 µs", points["latency"] <= 6e-6), ("latency <= 6e-6", bits <= 6),
            ("latency > 0.006 ms", bits > 6), ("accuracy >= 85%", points["accuracy"] >= 0.85),
            ("area > 0 or area < 0", bits < 0),
            ("area != 0", bits > 0), ("5 <= bits < 8", (bits >= 5) & (bits < 8)),
            ("bits in (4, 6) and type not in ['sar']", bits.isin([4, 6]) & (kind != "sar")),
            ("deterministic or bits = 4", bits == 4), ("sigma > bits", sigma > bits),
            ("macro.adc.type != 'sar'", kind == "flash")):
        filter_by(browser, text)
        assert shown_points(browser) == list(points.index[kept]), text
    assert_clean_log(browser)


def test_range_on_a_parallel_axis_filters(browser: Driver, files: Path) -> None:
    open_page(browser, files / "small.html")
    points = open_results(files / "small.h5").points
    draw_parallel(browser)
    box = browser.execute_script(
        "const axis = [...document.querySelectorAll('#parallel .axis-brush')][0];"
        "axis.scrollIntoView({block: 'center'});"
        "const r = axis.getBoundingClientRect(); return [r.left + r.width / 2, r.top, r.height]")
    chain = ActionChains(browser, duration=60)
    pointer = chain.w3c_actions.pointer_action
    pointer.move_to_location(round(box[0]), round(box[1] + 0.2 * box[2]))
    pointer.pointer_down()
    pointer.move_to_location(round(box[0]), round(box[1] + 0.4 * box[2]))
    pointer.move_to_location(round(box[0]), round(box[1] + 0.55 * box[2]))
    pointer.pointer_up()
    after_update(browser, chain.perform)
    low, high = browser.execute_script(
        "return document.getElementById('parallel').data[0].dimensions[0].constraintrange")
    bits = points["macro.adc.bits"]
    kept = points.index[(bits >= low) & (bits <= high)]
    assert 0 < len(kept) < 63 and shown_points(browser) == list(kept)
    after_update(browser, lambda: browser.execute_script("document.getElementById('clear').click()"))
    assert len(shown_points(browser)) == 63
    assert_clean_log(browser)


def test_paper_shows_plots_and_the_whole_table(browser: Driver, files: Path,
                                               tmp_path: Path) -> None:
    open_page(browser, files / "small.html")
    before = rows(browser)
    printed = browser.execute_cdp_cmd("Page.printToPDF", {
        "preferCSSPageSize": True, "printBackground": True})
    paper = tmp_path / "report.pdf"
    paper.write_bytes(base64.b64decode(printed["data"]))
    assert paper.read_bytes().startswith(b"%PDF")
    assert rows(browser) == before  # the screen is as it was
    assert_clean_log(browser)
    if not shutil.which("pdftotext"):
        pytest.skip(f"the PDF's text needs poppler-utils {INSTALL}")
    text = subprocess.run(["pdftotext", "-layout", str(paper), "-"], check=True, text=True,
                          capture_output=True).stdout
    pages = text.split("\f")[:-1]
    assert len(pages) > 2
    points = open_results(files / "small.h5").points
    assert all(f"{100 * value:.2f}" in text for value in points["accuracy"])
    heads = [page for page in pages if re.search(r"\bPoint\s+Front\b", page)]
    assert len(heads) >= 2  # the table's head, on each of its pages
    assert "Pareto front" in pages[0] and "name: generated" in text


def test_csv_holds_the_points_that_pass(browser: Driver, files: Path) -> None:
    open_page(browser, files / "evil.html")
    points = open_results(files / "evil.h5").points
    filter_by(browser, "bits >= 8")
    href = browser.execute_script(
        "const link = document.getElementById('csv');"
        "link.addEventListener('click', (e) => e.preventDefault()); link.click();"
        "return link.getAttribute('href')")
    head, _, body = href.partition(",")
    assert head == "data:text/csv;charset=utf-8"
    table = list(csv.DictReader(io.StringIO(urllib.parse.unquote(body), newline="")))
    kept = points[points["macro.adc.bits"] >= 8]
    assert len(table) == len(kept) > 5
    for row in table:
        point = points.loc[int(row["point"])]
        assert float(row["accuracy"]) == point["accuracy"] and row["area"] == ""
        assert row["macro.adc.type"] == point["macro.adc.type"]


def test_hostile_text_neither_runs_nor_becomes_markup(browser: Driver, files: Path) -> None:
    open_page(browser, files / "evil.html")
    draw_parallel(browser)
    move_to(browser, 20).perform()
    wait(browser, "document.querySelectorAll('#pareto .hoverlayer .hovertext').length")
    after_update(browser, lambda: Select(
        browser.find_element(By.ID, "axis-x")).select_by_value("macro.adc.type"))
    after_update(browser, lambda: browser.execute_script(
        "document.querySelector('#points tbody tr').click()"))
    browser.execute_script("document.getElementById('all-columns').click();"
                           "document.getElementById('layer-details').open = true")
    assert browser.execute_script("return window.hacked === undefined")
    assert browser.execute_script(
        "return document.querySelectorAll('body img, main b, svg a, svg [style*=bold] tspan,"
        "  script:not([type])').length") == 1  # the page's own script
    assert browser.title == f"{EVIL + EVIL_IMAGE} - acimsweep report"
    assert browser.find_element(By.CSS_SELECTOR, "pre.source").text.startswith(EVIL)
    names = browser.execute_script(
        "return [...document.querySelectorAll('#layer-table tbody td:first-child')]"
        ".map((cell) => cell.textContent)")
    assert names[:2] == [EVIL, EVIL_IMAGE]
    assert_clean_log(browser)


def test_page_of_few_columns(browser: Driver, files: Path) -> None:
    open_page(browser, files / "bare.html")
    assert not browser.find_element(By.ID, "cost-points").is_displayed()
    assert browser.find_element(By.ID, "cost-layers").is_displayed()
    assert browser.find_element(By.ID, "axis-x").get_attribute("value") == "macro.adc.bits"
    assert len(shown_points(browser)) == 7
    assert browser.find_element(By.CSS_SELECTOR, "h1 .state").text == "7 of 7 trials"
    assert_clean_log(browser)


def test_network_is_refused_to_everything(browser: Driver, files: Path) -> None:
    """Otherwise the log of the other tests could be clean for want of a policy."""
    open_page(browser, files / "bare.html")
    refused = browser.execute_async_script(
        "const [done] = arguments, seen = [];"
        "addEventListener('securitypolicyviolation', (e) => {"
        "  seen.push(e.effectiveDirective); if (seen.length === 3) done(seen.sort()); });"
        "fetch('http://127.0.0.1:9/').catch(() => 0);"
        "new Image().src = 'http://127.0.0.1:9/';"
        "const s = document.createElement('script'); s.textContent = 'window.hacked = 4';"
        "document.body.append(s);")
    assert refused == ["connect-src", "img-src", "script-src-elem"]
    assert browser.execute_script("return window.hacked") is None
    browser.get_log("browser")


def test_two_thousand_points(browser: Driver, files: Path) -> None:
    """That the work is done; how long it takes stands in bench/README.md."""
    open_page(browser, files / "big.html")
    assert len(shown_points(browser)) == 2000
    filter_by(browser, "bits >= 8")
    points = open_results(files / "big.h5").points
    kept = points.index[points["macro.adc.bits"] >= 8]
    assert shown_points(browser) == list(kept)
    point = int(points.loc[kept, "tops_per_watt"].idxmax())
    move_to(browser, point).perform()
    text = wait(browser, "[...document.querySelectorAll('#pareto .hoverlayer .hovertext')]"
                         ".map((e) => e.textContent).join('')")
    assert f"Point {point}" in text
    assert len(rows(browser)) == 25
    assert_clean_log(browser)
