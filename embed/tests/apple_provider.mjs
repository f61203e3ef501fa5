// @ts-nocheck: oidc-provider has no types, and this is no part of the embed.
// What a browser and django-allauth see of Apple, for tests: oidc-provider at Apple's own addresses, with its ways.
//
// node apple_provider.mjs PORT CERTIFICATE KEY REDIRECT_URI is a proxy for https at that port, which knows the way to
// appleid.apple.com alone: that is here. It says so when it listens, and ends with its standard input. Whoever types a
// name into its form is that person.

import { verify, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer as createProxy } from "node:http";
import { createServer } from "node:https";
import Provider from "oidc-provider";

const APPLE = "https://appleid.apple.com";
const CLIENT = { client_id: "org.example.kibitz", client_secret: "of no use outside of this process" };
const TEAM = "TEAM";
const [port, certificate, key, redirectUri] = process.argv.slice(2);
const cert = readFileSync(certificate);

const provider = new Provider(APPLE, {
  clients: [
    {
      ...CLIENT,
      redirect_uris: [redirectUri],
      response_types: ["code id_token"],
      grant_types: ["authorization_code", "implicit"],
      token_endpoint_auth_method: "client_secret_post",
    },
  ],
  clientAuthMethods: ["client_secret_post"],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false,
  cookies: { keys: ["cookies of the tests"] },
  features: { devInteractions: { enabled: false } },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, email: `${sub}@privaterelay.appleid.com`, email_verified: true }),
  }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant: async (context) => {
    const { client, session } = context.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope("openid email");
    await grant.save();
    return grant;
  },
  pkce: { required: () => false },
  responseTypes: ["code id_token"],
  routes: { authorization: "/auth/authorize", token: "/auth/token", jwks: "/auth/keys" },
});

// Where Apple departs from OpenID Connect: no scope "openid" and no nonce, a signed word for a secret, and a name that
// comes with the form and with nothing else.
provider.use(async (context, next) => {
  if (context.path === "/auth/authorize") {
    context.query = { ...context.query, scope: "openid email", nonce: "of nobody" };
  }
  if (context.path === "/auth/token") {
    const said = await form(context.req);
    if (isSigned(said.client_secret)) said.client_secret = CLIENT.client_secret;
    context.req.body = said;
  }
  await next();
  if (typeof context.body === "string" && context.body.includes("document.forms[0].submit()")) {
    const user = JSON.stringify({ name: { firstName: "Ann", lastName: "Appleseed" } }).replaceAll('"', "&quot;");
    context.body = context.body.replace("</form>", `<input type="hidden" name="user" value="${user}"></form>`);
  }
});
const answer = provider.callback();

function isSigned(secret) {
  const [head, claims, signature] = secret.split(".");
  const { iss, sub, aud } = JSON.parse(Buffer.from(claims, "base64url"));
  const by = { key: new X509Certificate(cert).publicKey, dsaEncoding: "ieee-p1363" };
  const isGood = verify("sha256", Buffer.from(`${head}.${claims}`), by, Buffer.from(signature, "base64url"));
  return isGood && iss === TEAM && sub === CLIENT.client_id && aud === APPLE;
}

async function form(request) {
  let body = "";
  for await (const chunk of request) {
    body += chunk;
  }
  return Object.fromEntries(new URLSearchParams(body));
}

const PAGE = `<!doctype html><title>Apple</title>
<form method="post"><input name="login" autofocus><button>Continue</button><button name="deny" value="1">Cancel</button></form>`;

async function interact(request, response) {
  if (request.method !== "POST") {
    response.setHeader("Content-Type", "text/html");
    response.end(PAGE);
    return;
  }
  const { deny, login } = await form(request);
  const result = deny ? { error: "user_cancelled_authorize" } : { login: { accountId: login } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

const apple = createServer({ cert, key: readFileSync(key) }, (request, response) => {
  (request.url.startsWith("/interaction/") ? interact : answer)(request, response);
});
const proxy = createProxy();
proxy.on("connect", (request, socket) => {
  socket.on("error", () => socket.destroy());
  if (`https://${request.url}` !== `${APPLE}:443`) {
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    return;
  }
  socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
  apple.emit("connection", socket);
});
process.stdin.resume();
process.stdin.on("end", () => process.exit());
proxy.listen(Number(port), "127.0.0.1", () => console.log(APPLE));
