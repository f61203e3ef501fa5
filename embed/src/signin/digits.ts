// Six digits, as people type and paste them.
export const DIGITS = 6;

/** The digits alone, at most six, in whatever script they were typed: "123 456", "１２３４５６", "١٢٣٤٥٦". */
export function digitsIn(typed: string): string {
  const western = typed.normalize("NFKC").replace(/[٠-٩۰-۹]/g, (digit) => String(digit.charCodeAt(0) & 15));
  return western.replace(/\D/g, "").slice(0, DIGITS);
}
