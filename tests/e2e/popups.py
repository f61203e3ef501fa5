"""A popup that a frame of ours opens to sign in, as the embed's panel does; and a device with passkeys."""

from typing import Any, Final

from playwright.sync_api import Frame
from playwright.sync_api import Page as Tab

# What the frame does about its popup, beneath its buttons.
OPENED: Final = """async ([provider, site]) => {
  const text = (bytes) =>
    btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  window.verifier = text(crypto.getRandomValues(new Uint8Array(32)));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(window.verifier));
  const told = new URLSearchParams({ site, challenge: text(new Uint8Array(hash)) });
  window.popup = open(`/auth/${provider}/?${told}`, "", "popup,width=480,height=640");
  window.handedOver = new Promise((resolve, reject) => {
    setTimeout(reject, 10_000, new Error("the popup handed nothing over"));
    addEventListener("message", (event) => {
      const isOurs = event.source === window.popup && event.origin === location.origin;
      if (isOurs && event.data.kibitz === "handoff") {
        resolve({ code: event.data.code });
      }
    });
  });
  window.handedOver.catch(() => {});
}"""
TAKEN: Final = """async ([site, typed]) => {
  const told = typed ? { digits: typed } : await window.handedOver;
  const headers = { "Content-Type": "application/json", "X-Kibitz": "1" };
  const body = JSON.stringify({ verifier: window.verifier, ...told });
  const taken = await fetch(`/api/v1/sites/${site}/handoffs/`, { method: "POST", headers, body });
  const answer = await taken.json();
  const after = await (await fetch(`/api/v1/sites/${site}/session/`)).json();
  return { status: taken.status, answer, after };
}"""


def opened(tab: Tab, frame: Frame, provider: str, site: str) -> Tab:
    with tab.context.expect_page() as popup:
        frame.evaluate(OPENED, [provider, site])
    return popup.value


def taken(frame: Frame, site: str, typed: str = "") -> dict[str, Any]:
    """What the frame gets for what the popup said, or for the digits, and who is signed in there then."""
    said: dict[str, Any] = frame.evaluate(TAKEN, [site, typed])
    return said
