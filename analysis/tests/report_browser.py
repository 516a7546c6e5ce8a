# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium for the tests of the report, and what they do in a page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from report_results import EVIL, EVIL_IMAGE, Sweep, write_sweep

INSTALL = "(scripts/install-packages python browser)"
pytest.importorskip("plotly", reason=f"needs python3-plotly {INSTALL}")
pytest.importorskip("selenium", reason=f"needs python3-selenium {INSTALL}")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if not CHROMIUM or not DRIVER:
    pytest.skip(f"needs chromium and chromium-driver {INSTALL}", allow_module_level=True)

from selenium import webdriver  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

from acimsweep.report.__main__ import main  # noqa: E402

Driver = webdriver.Chrome


def start_browser(profile: Path) -> Driver:
    """A headless Chromium of 1400 x 900 pixels with a profile of its own, its log switched on."""
    options = webdriver.chrome.options.Options()
    options.binary_location = CHROMIUM
    arguments = ["--headless=new", "--window-size=1400,900", "--disable-dev-shm-usage",
                 "--enable-unsafe-swiftshader", "--force-device-scale-factor=1",
                 f"--user-data-dir={profile}"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium's sandbox does not work for root
    for argument in arguments:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.chrome.service.Service(DRIVER)
    return webdriver.Chrome(service=service, options=options)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the pages small, big (2,000 points), evil and bare, and their results."""
    folder = tmp_path_factory.mktemp("report")
    evil = Sweep(points=21, name=EVIL + EVIL_IMAGE, scheme=[EVIL, EVIL_IMAGE, "<b>b</b>%{x}"],
                 layers=[EVIL, EVIL_IMAGE, '<a href="javascript:window.hacked=3">x</a>'],
                 yaml=EVIL + EVIL_IMAGE + "</pre>\u2028")
    bare = ("energy", "energy_adc", "energy_cells", "energy_digital", "tops_per_watt", "latency",
            "accuracy_ci_low", "accuracy_ci_high", "baseline_accuracy", "loss")
    sweeps = {"small": Sweep(points=63), "big": Sweep(points=2000), "evil": evil,
              "bare": Sweep(points=7, scheme=["sar"], without=bare, chips=1, complete=False)}
    for name, sweep in sweeps.items():
        write_sweep(folder / f"{name}.h5", sweep)
        assert main([str(folder / f"{name}.h5"), "-o", str(folder / f"{name}.html")]) == 0
    return folder


def wait(driver: Driver, script: str, *arguments: Any) -> Any:
    """Waits until a script returns something true, and returns that."""
    return WebDriverWait(driver, 60, 0.05).until(
        lambda d: d.execute_script(f"return {script}", *arguments), script)


_MENUS = ("axis-x", "axis-y", "colour")
_RESET = """
    const send = (id, set, kind) => { const e = document.getElementById(id); set(e);
        e.dispatchEvent(new Event(kind)); };
    for (const [id, value] of Object.entries(window.menusAtStart)) {
        send(id, (e) => { e.value = value; }, 'change'); }
    for (const id of ['hide', 'all-columns']) send(id, (e) => { e.checked = false; }, 'change');
    document.getElementById('clear').click();
    const head = () => document.querySelector("th[data-key='accuracy']");
    for (let i = 0; head() && head().ariaSort !== 'descending' && i < 2; i++) {
        head().querySelector('button').click(); }
    """


def open_page(driver: Driver, page: Path, fresh: bool = False) -> None:
    """The page as it looks at first; one that is open already, which is quicker, is reset but for
    the selected point, unless it shall be fresh."""
    driver.get_log("browser")
    if driver.current_url == page.as_uri() and not fresh:
        after_update(driver, lambda: driver.execute_script(_RESET))
        return
    driver.get(page.as_uri())
    wait(driver, "document.documentElement.dataset.ready === '1' &&"
                 "Number(document.documentElement.dataset.updates) > 0")
    driver.execute_script("window.menusAtStart = Object.fromEntries(arguments[0].map("
                          "(id) => [id, document.getElementById(id).value]))", _MENUS)


def after_update(driver: Driver, act: Callable[[], Any]) -> None:
    """Acts, and waits until the page has drawn what changed."""
    count = driver.execute_script("return Number(document.documentElement.dataset.updates)")
    act()
    wait(driver, "Number(document.documentElement.dataset.updates) > arguments[0]", count)


def filter_by(driver: Driver, text: str) -> None:
    after_update(driver, lambda: driver.execute_script(
        "const box = document.getElementById('filter'); box.value = arguments[0];"
        "box.dispatchEvent(new Event('input', {bubbles: true}))", text))


def shown_points(driver: Driver) -> list[int]:
    """Points that the trade-off draws in colour."""
    return sorted(driver.execute_script(
        "return document.getElementById('pareto').data.flatMap((t) => t.customdata || [])"))


def rows(driver: Driver) -> list[tuple[int, str]]:
    """(point, classes) of the table's rows on this page."""
    return [(int(point), classes) for point, classes in driver.execute_script(
        "return [...document.querySelectorAll('#points tbody tr')]"
        ".map((row) => [row.dataset.point, row.className])")]


def pixel_of(driver: Driver, point: int) -> tuple[float, float]:
    """Where the window shows a point of the trade-off."""
    return tuple(driver.execute_script(
        "const plot = document.getElementById('pareto');"
        "plot.scrollIntoView({block: 'center'});"
        "const trace = plot.data.find((t) => (t.customdata || []).includes(arguments[0]));"
        "const i = trace.customdata.indexOf(arguments[0]);"
        "const {xaxis, yaxis} = plot._fullLayout, box = plot.getBoundingClientRect();"
        "return [box.left + xaxis._offset + xaxis.d2p(trace.x[i]),"
        "        box.top + yaxis._offset + yaxis.d2p(trace.y[i])]", point))


def move_to(driver: Driver, point: int) -> ActionChains:
    x, y = pixel_of(driver, point)
    chain = ActionChains(driver, duration=20)
    chain.w3c_actions.pointer_action.move_to_location(int(x) + 30, int(y) + 25)
    chain.w3c_actions.pointer_action.move_to_location(round(x), round(y))
    return chain


def click_here(driver: Driver) -> None:
    """Clicks where the pointer rests; Plotly loses a click within 50 ms of the last movement."""
    ActionChains(driver).click().perform()


def assert_clean_log(driver: Driver) -> None:
    """Nothing severe, and nothing that the Content-Security-Policy had to stop."""
    log = driver.get_log("browser")
    assert not [entry for entry in log if entry["level"] == "SEVERE" or
                "Content Security Policy" in entry["message"]]


def draw_parallel(driver: Driver) -> None:
    driver.execute_script("document.getElementById('parallel').scrollIntoView()")
    wait(driver, "document.querySelectorAll('#parallel canvas').length > 0")
