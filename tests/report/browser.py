"""A headless Chromium for the tests, driven over a pipe, and what it checks of a page."""

import contextlib
import fcntl
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

VARIABLE = "CARSTATS_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SECONDS = 60


PHONES = (360, 390)

CHECK = r"""(async () => {
const wrong = [];
const shown = (text) => text.trim().replace(/\s+/g, ' ').slice(0, 40);
document.querySelectorAll('details').forEach((part) => { part.open = true; });
for (const image of document.images) {
  if (!(image.getAttribute('alt') || '').trim()) wrong.push('an image without alt');
  image.loading = 'eager';
  await image.decode().catch(() => null);
  if (!image.naturalWidth) wrong.push(`not drawn: ${shown(image.alt)}`);
}
const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
ids.forEach((id, i) => { if (ids.indexOf(id) !== i) wrong.push(`id ${id} twice`); });
for (const link of document.querySelectorAll('a[href^="#"]')) {
  if (!document.getElementById(decodeURIComponent(link.hash.slice(1)))) {
    wrong.push(`${link.hash} leads nowhere`);
  }
}
const levels = [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((h) => +h.tagName[1]);
if (levels[0] !== 1 || levels.filter((level) => level === 1).length !== 1) {
  wrong.push(`headings ${levels.slice(0, 5)}`);
}
levels.forEach((level, i) => {
  if (i && level > levels[i - 1] + 1) wrong.push(`h${level} after h${levels[i - 1]}`);
});
if (!document.documentElement.lang) wrong.push('no language');
if (document.querySelectorAll('main').length !== 1) wrong.push('not one main');
for (const box of document.querySelectorAll('body *')) {
  const style = getComputedStyle(box);
  const scrolls = /auto|scroll/.test(style.overflowX) && box.scrollWidth > box.clientWidth + 1;
  if (scrolls && box.tabIndex < 0 && !box.querySelector('a[href],button,[tabindex="0"]')) {
    wrong.push(`scrolls by mouse alone: ${box.tagName} ${shown(box.textContent)}`);
  }
}
const channels = (colour) => {
  const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
  return [r, g, b, a];
};
const over = (top, below) => below.map((c, i) => i < 3 ? top[i] * top[3] + c * (1 - top[3]) : 1);
const luminance = (colour) => {
  const [r, g, b] = colour.slice(0, 3).map((c) => {
    const v = c / 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  const style = getComputedStyle(element);
  if (!texts.currentNode.data.trim() || !element.getClientRects().length) continue;
  if (style.visibility === 'hidden') continue;
  const chain = [];
  for (let box = element; box; box = box.parentElement) chain.unshift(getComputedStyle(box));
  let ground = [255, 255, 255, 1];
  let faint = 1;
  for (const box of chain) {
    ground = over(channels(box.backgroundColor), ground);
    faint *= +box.opacity;
  }
  const ink = channels(style.color);
  ink[3] *= faint;
  const [light, dark] = [luminance(over(ink, ground)), luminance(ground)].sort((a, b) => b - a);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && +style.fontWeight >= 700);
  const ratio = (light + 0.05) / (dark + 0.05);
  if (ratio < (large ? 3 : 4.5)) {
    wrong.push(`contrast ${ratio.toFixed(2)}: ${shown(texts.currentNode.data)}`);
  }
}
return [...new Set(wrong)].slice(0, 20);
})()"""

WIDE = r"""((width) => {
if (document.documentElement.clientWidth !== width) {
  return [`laid out for ${document.documentElement.clientWidth} px`];
}
const page = document.documentElement.scrollWidth;
if (page <= width && document.body.scrollWidth <= width) return [];
const inside = (box) => {
  for (let up = box.parentElement; up; up = up.parentElement) {
    if (up === document.body) return false;
    if (/auto|scroll|hidden/.test(getComputedStyle(up).overflowX)) return true;
  }
  return false;
};
const wide = [...document.querySelectorAll('body *')].filter(
  (box) => box.getBoundingClientRect().right > width + 1 && !inside(box));
return [`${page} px wide`, ...wide.slice(0, 5).map((box) => `${box.tagName}.${box.className}`)];
})(%d)"""


class NoBrowserError(Exception):
    """No browser is installed, or it does not start."""


def find_browser():
    """Return the browser's program: the one that is named, else the first that is installed."""
    named = os.environ.get(VARIABLE)
    for name in (named,) if named else NAMES:
        if found := shutil.which(name):
            return found
    raise NoBrowserError(f"there is no program {named}" if named else f"none of {', '.join(NAMES)}")


class Browser:
    """A browser with one page open; used in a `with` block."""

    def __init__(self, program):
        self.events, self._buffer, self._ids = [], b"", itertools.count(1)
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
            )
            reads, self._out = os.pipe()
            self._in, writes = os.pipe()
            command = [
                program, "--headless=new", "--remote-debugging-pipe", "--no-first-run",
                "--disable-gpu", "--disable-extensions", "--disable-background-networking",
                "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
                f"--user-data-dir={folder}", "about:blank",
            ]  # fmt: skip
            if hasattr(os, "geteuid") and os.geteuid() == 0:
                command.insert(1, "--no-sandbox")
            self._said = stack.enter_context(tempfile.TemporaryFile())

            def descriptors():
                # The browser expects its pipe as these two; either may be the other's number now.
                ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (reads, writes)]
                for end, number in zip(ends, (3, 4), strict=True):
                    os.dup2(end, number)

            self._process = subprocess.Popen(
                command, close_fds=False, preexec_fn=descriptors,
                stdout=subprocess.DEVNULL, stderr=self._said,
            )  # fmt: skip
            stack.callback(self._end)
            os.close(reads)
            os.close(writes)
            self._session = None
            (page,) = (
                target for target in self.send("Target.getTargets")["targetInfos"]
                if target["type"] == "page"
            )  # fmt: skip
            attached = {"targetId": page["targetId"], "flatten": True}
            self._session = self.send("Target.attachToTarget", **attached)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.send(f"{domain}.enable")
            self._stack = stack.pop_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    def send(self, method, **parameters):
        """Send a command and return its result; what the page reports meanwhile is kept."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        try:
            os.write(self._out, json.dumps(message).encode() + b"\0")
        except OSError as error:
            raise NoBrowserError(self._why(f"it takes no command ({error})")) from error
        while True:
            answer = self._read()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, page, width=1280, height=900):
        """Load a page at a width in pixels and return what it reported: events of the protocol."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        self.events.clear()
        self.send("Page.navigate", url=Path(page).resolve().as_uri())
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self.events.append(self._read())
        # A request that a page sends on its own follows its loading by a moment.
        self.run("new Promise(done => setTimeout(done, 150))")
        return list(self.events)

    def run(self, script):
        """Return the value of an expression of JavaScript within the page."""
        answer = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def _read(self):
        end = time.monotonic() + SECONDS
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0, end - time.monotonic()))
            data = os.read(self._in, 1 << 20) if ready else b""
            if not data:
                raise NoBrowserError(self._why("it closed" if ready else "it does not answer"))
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def _why(self, words):
        self._said.seek(0)
        last = self._said.read().decode(errors="replace").strip()[-400:]
        return f"{words}: {last}" if last else words

    def _end(self):
        for end in (self._out, self._in):
            os.close(end)
        # Without its pipe it closes by itself and removes what it has in the folder.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()


def said(events):
    """Return what the console got, and every request that is not for the page's own files."""
    wrong = []
    for event in events:
        told = event.get("params", {})
        if event.get("method") == "Runtime.consoleAPICalled" and told["type"] in (
            "error",
            "warning",
            "assert",
        ):
            wrong.append(f"console: {told['args']}")
        if event.get("method") == "Runtime.exceptionThrown":
            wrong.append(f"exception: {told['exceptionDetails']}")
        if event.get("method") == "Log.entryAdded" and told["entry"]["level"] in (
            "error",
            "warning",
        ):
            wrong.append(f"console: {told['entry']['text']}")
        if event.get("method") == "Network.requestWillBeSent":
            url = told["request"]["url"]
            if not url.startswith(("file:", "data:")):
                wrong.append(f"asks for {url}")
        if event.get("method") == "Network.loadingFailed":
            wrong.append(f"not loaded: {told['errorText']}")
    return wrong


def drawn_problems(browser, page):
    """Return what is wrong with a page as the browser draws it."""
    wrong = [*said(browser.open(page)), *browser.run(CHECK), *browser.run(WIDE % 1280)]
    for width in PHONES:
        wrong += [*said(browser.open(page, width, 800))]
        wrong += [f"at {width} px: {words}" for words in browser.run(WIDE % width)]
        wrong += [f"at {width} px: {words}" for words in browser.run(CHECK)]
        # With the code unfolded, as the check leaves it.
        wrong += [f"at {width} px: {words}" for words in browser.run(WIDE % width)]
    return wrong
