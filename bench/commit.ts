declare const TILEWISE_COMMIT: string | null | undefined;

/** The commit that this code was built from; null where it was not built from a checkout (see `define` in vite.config.ts). */
export const COMMIT: string | null = typeof TILEWISE_COMMIT === 'undefined' ? null : TILEWISE_COMMIT;
