/** The version of package.json, which a test holds it to. Saved sessions carry it. */
export const VERSION = '0.1.0';
