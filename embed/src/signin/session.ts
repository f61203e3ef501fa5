// What every way in ends with, and the way out: who is signed in is in the cookie, else in the token that storage keeps.
import type { Api, ApiError } from "../api";
import type { Storage } from "../storage";
import type { Session } from "../wire";
import { setAuthor } from "./leaving";

/** What is needed of the app's kit. */
export interface Signing {
  api: Api;
  storage: Storage;
  page: { site: string };
}

/** Tells the frame's own document who is signed in from now on: `detail` is a Session. */
export const CHANGED = "kibitz:session";

/** How a session's token begins (comments/identity/sessions.py), and a guest's does not. */
export const BEARER = "s.";

/** Who is signed in, as the server sees this frame. A session that ended elsewhere is forgotten here, too. */
export async function askSession({ api, storage, page }: Signing): Promise<Session> {
  const { token } = storage;
  const isSession = token.startsWith(BEARER);
  // the app's own reads carry no identity; this one does
  const headers = isSession ? { Authorization: `Bearer ${token}` } : undefined;
  const ask = (more?: Record<string, string>) => api.send<Session>("GET", path(page.site), undefined, more);
  const session = await ask(headers).catch((error) => {
    if (!isSession || !isSignedOut(error)) throw error;
    storage.token = "";
    return ask();
  });
  setAuthor(storage, session.author?.key);
  return session;
}

/** Signs in by this call. A session that ended elsewhere meanwhile is in nobody's way. */
export async function signIn(kit: Signing, call: string, body: object): Promise<Session> {
  const send = () => kit.api.send<Session>("POST", call, body);
  const answer = await send().catch((error) => {
    if (!isSignedOut(error)) throw error;
    leave(kit.storage);
    return send();
  });
  return takeSession(kit, answer);
}

/** What a sign-in answered. Where its cookie does not come back, its ticket becomes a token. */
export async function takeSession(kit: Signing, answer: Session): Promise<Session> {
  const { api, storage, page } = kit;
  if (answer.author?.key !== storage.author) setAuthor(storage);
  storage.author = storage.token = ""; // a guest's token would go before the cookie
  let session = await askSession(kit);
  if (session.author?.key !== answer.author?.key) {
    session = await api.send<Session>("POST", `${path(page.site)}bearer/`, { ticket: answer.ticket });
    setAuthor(storage, session.author?.key);
  }
  return tell(session);
}

/** Signs out here, or everywhere. Who is signed out already hears no complaint. */
export async function signOut(kit: Signing, everywhere = false): Promise<Session> {
  const { api, storage, page } = kit;
  await api.send("DELETE", path(page.site) + (everywhere ? "?everywhere=1" : "")).catch((error) => {
    if (!isSignedOut(error)) throw error;
  });
  leave(storage);
  return tell(await askSession(kit));
}

function isSignedOut(error: unknown): boolean {
  return (error as ApiError).code === "signed_out"; // the app's class, which this file has no part of
}

function path(site: string): string {
  return `sites/${site}/session/`;
}

function leave(storage: Storage): void {
  storage.token = "";
  setAuthor(storage);
}

function tell(session: Session): Session {
  document.dispatchEvent(new CustomEvent(CHANGED, { detail: session }));
  return session;
}
