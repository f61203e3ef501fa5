// Files that come later, each once somebody needs it.

/**
 * What `load` makes of a file, made once. Where that failed, the next call tries again by another address: browsers
 * remember that one failed.
 */
export function later<Part>(url: string, load: (address: string) => Promise<Part>): () => Promise<Part> {
  let failures = 0;
  let loading: Promise<Part> | undefined;
  return () => {
    loading ??= load(failures ? `${url}?${failures}` : url).catch((error) => {
      failures++;
      loading = undefined;
      throw error;
    });
    return loading;
  };
}

/** A server that was updated has nothing more for this app, only for a new one. Drafts outlive the change. */
export async function renew(url: string): Promise<void> {
  if ((await fetch(url)).status === 404) location.reload();
}
