// A fresh token for `user`, or "" for nobody: <kibitz-comments sso-token="…">
import { createHmac, randomUUID } from "node:crypto";

export function kibitzToken(user, { site, issuer, key }) {
  if (!user) return "";
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const iat = Math.floor(Date.now() / 1000);
  const times = { iat, exp: iat + 300, jti: randomUUID() };
  const claims = { iss: issuer, aud: site, sub: String(user.id), name: user.name, email: user.email, ...times };
  const said = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${said}.${createHmac("sha256", key).update(said).digest("base64url")}`;
}
