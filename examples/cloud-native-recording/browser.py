# SPDX-License-Identifier: LGPL-2.1-or-later
"""Chromium that shows one page over the whole screen, with a profile that is thrown away.

It is told what to do through a pipe (Chrome DevTools Protocol), not through a port: nobody else can, and the page's
address, which may hold a token, stands on no command line.
"""
import json
import os
import select
import tempfile
import time

from stage import Child, StageError

BROWSER_DIED, PAGE_CRASHED = "the browser died", "the page crashed"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

SWITCHES = (
    "--kiosk", "--no-first-run", "--no-default-browser-check", "--remote-debugging-pipe",
    "--autoplay-policy=no-user-gesture-required",  # nobody is there to click
    "--disable-gpu", "--force-device-scale-factor=1", "--hide-scrollbars",
    # A page that nobody looks at must not be slowed down.
    "--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    # Nothing that talks to others than the page's servers, or opens a window over the page.
    "--disable-background-networking", "--disable-component-update", "--disable-domain-reliability", "--disable-sync",
    "--disable-extensions", "--disable-default-apps", "--disable-breakpad", "--disable-notifications",
    "--deny-permission-prompts", "--disable-session-crashed-bubble", "--noerrdialogs", "--password-store=basic",
    "--disable-features=Translate,MediaRouter,OptimizationHints,AutofillServerCommunication",
)


class PageError(Exception):
    """The page cannot be shown; the message says why and does not repeat its address."""


def program():
    for folder in os.environ.get("PATH", "").split(":"):
        for name in PROGRAMS:
            if os.access(os.path.join(folder, name), os.X_OK):
                return os.path.join(folder, name)
    raise StageError(f"none of {', '.join(PROGRAMS)} is installed")


class Browser:
    """`is_wanted()` is asked while it waits for the browser: false ends the wait with a PageError."""

    def __init__(self, stage, width, height, is_wanted):
        profile = tempfile.mkdtemp(prefix="profile-", dir=stage.home)
        argv = [program(), *SWITCHES, f"--user-data-dir={profile}", "--window-position=0,0",
                f"--window-size={width},{height}"]
        if os.geteuid() == 0:
            # Chromium refuses to start as root with its own sandbox. What contains the page is then the container
            # alone; as any other user the sandbox is on. --test-type: no yellow bar about it over the picture.
            argv += ["--no-sandbox", "--test-type"]
        if os.statvfs("/dev/shm").f_bavail * os.statvfs("/dev/shm").f_frsize < 512 << 20:
            argv.append("--disable-dev-shm-usage")  # a container has 64 MB there
        to_it, self._to = os.pipe()
        self._from, from_it = os.pipe()
        self._child = Child([*argv, "about:blank"], stage.home / "chromium.log", stage.env, pipes=[to_it, from_it])
        os.close(to_it)
        os.close(from_it)
        self._is_wanted = is_wanted
        self._number, self._received, self._events = 0, b"", []
        self._session = self._target = None

    def show(self, url, seconds):
        """Goes to the page; back when it has loaded, or after so many seconds when it still loads then."""
        deadline = time.monotonic() + seconds
        self._command("Target.setDiscoverTargets", {"discover": True}, seconds)
        self._command("Browser.setDownloadBehavior", {"behavior": "deny"}, seconds)
        old = self._pages()
        self._target = self._command("Target.createTarget", {"url": "about:blank"}, seconds)["targetId"]
        for target in old:  # the empty one of the start, or one that has crashed
            self._command("Target.closeTarget", {"targetId": target}, seconds)
        self._session = self._command("Target.attachToTarget", {"targetId": self._target, "flatten": True},
                                      seconds)["sessionId"]
        self._command("Page.enable", {}, seconds, self._session)
        self._events.clear()
        answer = self._command("Page.navigate", {"url": url}, seconds, self._session)
        if answer.get("errorText"):
            raise PageError(f"the page cannot be loaded: {answer['errorText']}")
        while time.monotonic() < deadline:
            self._receive(deadline)
            for event in self._take_events():
                if event == "Page.loadEventFired":
                    return
                if event == "Target.targetCrashed":
                    raise PageError("the page crashed while it was loaded")
            self._check()

    def trouble(self, fds, seconds):
        """Waits so long, or until one of `fds` is readable, or for trouble: BROWSER_DIED, PAGE_CRASHED, or None."""
        self._receive(time.monotonic() + seconds, fds)
        if not self._child.is_running():
            return BROWSER_DIED
        return PAGE_CRASHED if "Target.targetCrashed" in self._take_events() else None

    def last_words(self):
        return self._child.last_words()

    def stop(self):
        self._child.stop()
        for fd in (self._to, self._from):
            os.close(fd)

    def _pages(self):
        targets = self._command("Target.getTargets", {}, 10)["targetInfos"]
        return [target["targetId"] for target in targets if target["type"] == "page"]

    def _command(self, method, parameters, seconds, session=None):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._send(message)
        deadline = time.monotonic() + seconds
        while True:
            for event in self._receive(deadline):
                if event.get("id") == self._number:
                    if "error" in event:
                        raise PageError(f"the browser refuses {method}: {event['error'].get('message')}")
                    return event["result"]
            self._check()
            if time.monotonic() > deadline:
                raise PageError("the browser does not answer")

    def _check(self):
        if not self._is_wanted():
            raise PageError("asked to stop")
        if not self._child.is_running():
            raise PageError(BROWSER_DIED)

    def _send(self, message):
        try:
            os.write(self._to, json.dumps(message).encode() + b"\0")
        except BrokenPipeError:
            pass  # it has died, which is noticed elsewhere

    def _receive(self, deadline, fds=()):
        """Reads what came before the deadline, at least once: answers are returned, events kept."""
        wait = max(0.0, min(0.5, deadline - time.monotonic()))
        ready = select.select([self._from, *fds], [], [], wait)[0]
        if self._from not in ready:
            return []
        data = os.read(self._from, 1 << 16)
        if not data:  # it closes its end a moment before it is gone
            self._child.wait(1)
        *messages, self._received = (self._received + data).split(b"\0")
        answers = []
        for message in map(json.loads, messages):
            if "id" in message:
                answers.append(message)
            else:
                self._on_event(message)
        return answers

    def _on_event(self, event):
        """A dialogue would stop the page, a second window would cover it: both are closed unseen."""
        method, about = event["method"], event.get("params", {})
        if method == "Page.javascriptDialogOpening":
            self._tell("Page.handleJavaScriptDialog", {"accept": about.get("type") == "beforeunload"}, self._session)
        elif method == "Target.targetCreated" and self._is_popup(about["targetInfo"]):
            self._tell("Target.closeTarget", {"targetId": about["targetInfo"]["targetId"]})
        elif method != "Target.targetCrashed" or about.get("targetId") == self._target:
            self._events.append(method)

    def _is_popup(self, target):
        return self._session and target["type"] == "page" and target.get("openerId")

    def _tell(self, method, parameters, session=None):
        """A command whose answer nobody waits for."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        self._send({**message, "sessionId": session} if session else message)

    def _take_events(self):
        taken, self._events = self._events, []
        return taken
