/**
 * Yoga, Ink's layout, reads its program with `fetch` where there is one. Node then loads undici and
 * http2, which take a fifth of the time until the first frame. Nothing else in the dashboard
 * fetches.
 */
Reflect.deleteProperty(globalThis, "fetch");
