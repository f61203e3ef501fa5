// What the program can be told, and the checks of it.

/** A reader to be: the page that it opens, and the way its live line takes. */
export interface Order {
  site: string;
  page_id: string;
  url: string;
  via: string;
}

export type Command =
  | { do: "open"; readers: Order[] }
  | { do: "collect" }
  | { do: "posts"; from: number }
  | { do: "forget"; below: number };

/** The line is no command; the message says why. */
export class BadCommand extends Error {}

const VIA = /^(push|front|[^\s/@?#:]+:\d{1,5}|\[[0-9a-f:]+\]:\d{1,5})$/;

/** Raises BadCommand. */
export function parseCommand(line: string): Command {
  const told = fields(parsed(line), "the command");
  switch (told.do) {
    case "open":
      if (!Array.isArray(told.readers)) throw new BadCommand("readers is not a list");
      return { do: "open", readers: told.readers.map(parseOrder) };
    case "collect":
      return { do: "collect" };
    case "posts":
      return { do: "posts", from: postId(told, "from") };
    case "forget":
      return { do: "forget", below: postId(told, "below") };
    default:
      throw new BadCommand(`do is ${JSON.stringify(told.do)}: not open, collect, posts or forget`);
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new BadCommand(`not JSON: ${(error as Error).message}`);
  }
}

function parseOrder(value: unknown, at: number): Order {
  const where = `readers[${at}]`;
  const told = fields(value, where);
  const text = (name: string): string => {
    const found = told[name];
    if (typeof found !== "string" || !found) throw new BadCommand(`${where}.${name} is not a text`);
    return found;
  };
  const order = { site: text("site"), page_id: text("page_id"), url: text("url"), via: text("via") };
  if (!VIA.test(order.via)) throw new BadCommand(`${where}.via is ${order.via}: not push, front or host:port`);
  return order;
}

function fields(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new BadCommand(`${where} is not an object`);
  return value as Record<string, unknown>;
}

function postId(told: Record<string, unknown>, name: string): number {
  const id = told[name];
  if (!Number.isSafeInteger(id)) throw new BadCommand(`${name} is not a post's id`);
  return id as number;
}
