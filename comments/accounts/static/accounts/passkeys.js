// Says where everybody can read it what allauth's scripts tell the console: no passkey came of it.
document.addEventListener("allauth.error", () => {
  document.getElementById("passkey_error").hidden = false;
});
