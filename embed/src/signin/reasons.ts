// Why the API refused a field, in the reader's words.
import type { ApiError } from "../api";
import type { TextKey } from "../messages";

const BY_CODE: Record<string, TextKey> = { blank: "writeFirst", invalid: "emailInvalid", reserved: "nameReserved" };

/** The key of the sentence for the first field with one; undefined where the error as a whole says it. */
export function reasonKey(error: unknown): TextKey | undefined {
  const codes = Object.values((error as Partial<ApiError>).problem?.field_codes ?? {}).flat();
  return codes.map((code) => BY_CODE[code]).find(Boolean);
}
