// @ts-nocheck: oidc-provider has no types, and this is no part of the embed.
// An identity provider for tests: OpenID Connect and plain OAuth 2, in a process of its own.
//
// node identity_provider.mjs [--cuts-off] REDIRECT_URI… prints its address when it listens, and ends with its
// standard input. With --cuts-off its page cuts the window from its opener, as some real ones do. Whoever types a name into its form is that person; "unproved-…" has an address that nobody proved.

import { createServer } from "node:http";
import Provider from "oidc-provider";

const CLIENT = { client_id: "kibitz", client_secret: "a-secret-of-the-tests" };

const server = createServer();
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      ...CLIENT,
      redirect_uris: process.argv.slice(2).filter((each) => each !== "--cuts-off"),
      token_endpoint_auth_method: "client_secret_post",
    },
  ],
  clientAuthMethods: ["client_secret_post"],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "picture"] },
  conformIdTokenClaims: false,
  cookies: { keys: ["cookies of the tests"] },
  features: { devInteractions: { enabled: false } },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => person(sub) }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant: granted,
  pkce: { required: () => true },
  // GitLab's addresses, so that one server is both.
  routes: { authorization: "/oauth/authorize", token: "/oauth/token" },
  scopes: ["openid", "read_user"],
});
const answer = provider.callback();

function person(sub) {
  return {
    sub,
    name: `${sub[0].toUpperCase()}${sub.slice(1)} Example`,
    email: `${sub}@example.org`,
    email_verified: !sub.startsWith("unproved"),
    picture: `https://pictures.example.org/${sub}.png`,
  };
}

async function granted(context) {
  const grant = new provider.Grant({
    clientId: context.oidc.client.clientId,
    accountId: context.oidc.session.accountId,
  });
  grant.addOIDCScope("openid email profile read_user");
  await grant.save();
  return grant;
}

const PAGE = `<!doctype html><title>Identity provider</title>
<form method="post"><input name="login" autofocus><button>Sign in</button><button name="deny" value="1">No</button></form>`;

async function interact(request, response) {
  if (request.method !== "POST") {
    response.setHeader("Content-Type", "text/html");
    if (process.argv.includes("--cuts-off")) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    }
    response.end(PAGE);
    return;
  }
  let body = "";
  for await (const chunk of request) {
    body += chunk;
  }
  const said = new URLSearchParams(body);
  const result = said.has("deny") ? { error: "access_denied" } : { login: { accountId: said.get("login") } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

async function gitlabUser(request, response) {
  const token = await provider.AccessToken.find(new URL(request.url, issuer).searchParams.get("access_token"));
  response.setHeader("Content-Type", "application/json");
  response.statusCode = token ? 200 : 401;
  const { sub, name, email, picture } = token ? person(token.accountId) : {};
  response.end(
    JSON.stringify(token ? { id: sub, username: sub, name, email, avatar_url: picture } : { error: "invalid_token" }),
  );
}

server.on("request", (request, response) => {
  if (request.url.startsWith("/interaction/")) {
    interact(request, response);
  } else if (request.url.startsWith("/api/v4/user")) {
    gitlabUser(request, response);
  } else {
    answer(request, response);
  }
});
process.stdin.resume();
process.stdin.on("end", () => process.exit());
console.log(issuer);
