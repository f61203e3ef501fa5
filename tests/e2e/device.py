"""A device that keeps passkeys."""

from typing import Any

from playwright.sync_api import Page as Tab


class Device:
    """Keeps passkeys for one tab, and always finds its owner at it: Chromium's virtual authenticator."""

    def __init__(self, tab: Tab, *passkeys: dict[str, Any]) -> None:
        self._client = tab.context.new_cdp_session(tab)
        self._client.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = self._client.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._id = {"authenticatorId": made["authenticatorId"]}
        for passkey in passkeys:
            self._client.send("WebAuthn.addCredential", {**self._id, "credential": passkey})

    def passkeys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._client.send("WebAuthn.getCredentials", self._id)["credentials"]
        return found
