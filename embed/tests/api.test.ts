// The HTTP calls, as the server sees them.
import { expect, test } from "vitest";
import { createApi } from "../src/api";
import { createCalls } from "../src/write/calls";

const page = { site: "blog", page_id: "a.example/x?y=1&z", url: "https://a.example/x", title: "" };

function apiOf(answer: () => Response, token = "") {
  const requests: { url: string; init: RequestInit }[] = [];
  const fetch = async (url: unknown, init?: RequestInit) => {
    requests.push({ url: String(url), init: init ?? {} });
    return answer();
  };
  const tokens = { token, author: "" };
  return {
    api: createApi({ api: "/api/v1/", key: "k", page }, tokens, fetch as typeof window.fetch),
    requests,
    tokens,
  };
}

test("new live addresses are asked for by page, without identity, so that a proxy may share the answer", async () => {
  const live = {
    ws: "wss://node/live/k?e=1&s=2",
    sse: "https://node/live/k?e=1&s=2",
    poll: "/api/v1/threads/k/events/",
  };
  const { api, requests } = apiOf(() => Response.json({ key: "k", live }), "secret");

  const addresses = await api.addresses();

  expect(addresses).toEqual(live);
  expect(requests[0]?.url).toBe("/api/v1/sites/blog/thread/?page_id=a.example%2Fx%3Fy%3D1%26z");
  expect(requests[0]?.init).toMatchObject({ method: "GET", headers: {} });
  expect(requests[0]?.init.body).toBeUndefined();
});

test("one's own post is asked for with identity, because only its author gets the source", async () => {
  const { api, requests } = apiOf(() => Response.json({ id: 7 }), "secret");

  await api.post(7);

  expect(requests[0]?.init.headers).toEqual({ Authorization: "Bearer secret" });
});

test("a token that the server no longer takes is forgotten, and the call made again without", async () => {
  const answers = [Response.json({ code: "invalid_token" }, { status: 401 }), Response.json({ id: 7 })];
  const { api, requests, tokens } = apiOf(() => answers.shift() as Response, "old");

  await createCalls(api).edit(7, "text");

  expect(tokens.token).toBe("");
  expect(requests.map(({ init }) => init.headers)).toEqual([
    { "X-Kibitz": "1", "Content-Type": "application/json", Authorization: "Bearer old" },
    { "X-Kibitz": "1", "Content-Type": "application/json" },
  ]);
  expect(requests[1]?.init.body).toBe('{"body":"text"}');
});

test("no answer is an error without status", async () => {
  const { api } = apiOf(() => {
    throw new TypeError("failed to fetch");
  });

  await expect(api.head()).rejects.toMatchObject({ status: 0 });
});
