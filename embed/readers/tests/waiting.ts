// Waiting on a condition, with a limit that a busy machine does not reach.
import { vi } from "vitest";

vi.setConfig({ testTimeout: 30_000 });

/** Returns as soon as `check` passes; fails with its message when that takes too long. */
export function eventually(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 10_000, interval: 20 });
}
