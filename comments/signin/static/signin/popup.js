// The popup's pages: hands over what was finished, asks for a passkey, closes.

const main = document.querySelector("main");

for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => window.close());
}
if (main.dataset.code) {
  handOver(main.dataset.code);
}
if (main.dataset.use) {
  offerPasskeys();
}

// To the frame that opened this window, and to no other page: our own origin is named. Where a provider's page
// has cut the two, the digits stay for the reader to type.
function handOver(code) {
  history.replaceState(null, "", location.pathname); // the provider's code and state are used up
  if (!window.opener || window.opener.closed) {
    return;
  }
  document.getElementById("typed").hidden = true;
  const add = document.getElementById("add");
  if (!add) {
    send(code);
    return;
  }
  add.hidden = false;
  add.focus();
  add.addEventListener("click", () => {
    document.getElementById("asks").hidden = true;
    send(code);
  });
}

function send(code) {
  window.opener.postMessage({ kibitz: "handoff", code }, location.origin);
  document.getElementById("done").hidden = false;
  window.close();
}

function offerPasskeys() {
  const form = document.getElementById("passkey");
  const trouble = document.getElementById("trouble");
  const say = (text) => {
    trouble.textContent = text;
  };
  if (!window.PublicKeyCredential) {
    say(trouble.dataset.absent);
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.elements.name.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      form.querySelector('[data-passkey="create"]').click();
    }
  });
  for (const button of form.querySelectorAll("[data-passkey]")) {
    button.addEventListener("click", async () => {
      const isNew = button.dataset.passkey === "create";
      if (!window.PublicKeyCredential || (isNew && !form.reportValidity())) {
        return;
      }
      say("");
      try {
        form.elements.answer.value = JSON.stringify(isNew ? await created(form.elements.name.value) : await used());
      } catch (error) {
        const { absent, cancelled, registered } = trouble.dataset;
        say({ SecurityError: absent, InvalidStateError: registered }[error.name] ?? cancelled);
        return;
      }
      form.submit();
    });
  }
}

async function used() {
  const publicKey = JSON.parse(main.dataset.use);
  publicKey.challenge = bytes(publicKey.challenge);
  const found = await navigator.credentials.get({ publicKey });
  const { clientDataJSON, authenticatorData, signature, userHandle } = found.response;
  return shown(found, { clientDataJSON, authenticatorData, signature, userHandle });
}

async function created(name) {
  const publicKey = JSON.parse(main.dataset.create);
  publicKey.challenge = bytes(publicKey.challenge);
  publicKey.user = { id: bytes(publicKey.user.id), name, displayName: name };
  publicKey.excludeCredentials = publicKey.excludeCredentials?.map(({ id, type }) => ({ id: bytes(id), type }));
  const made = await navigator.credentials.create({ publicKey });
  const { clientDataJSON, attestationObject } = made.response;
  return shown(made, { clientDataJSON, attestationObject });
}

// As PublicKeyCredential.toJSON would, which not every browser has.
function shown(credential, response) {
  const texts = Object.entries(response)
    .filter(([, value]) => value)
    .map(([name, value]) => [name, text(value)]);
  const id = text(credential.rawId);
  return { id, rawId: id, type: credential.type, clientExtensionResults: {}, response: Object.fromEntries(texts) };
}

function bytes(base64url) {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

function text(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
