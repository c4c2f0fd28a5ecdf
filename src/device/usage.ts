/** GPUBufferUsage and GPUMapMode by value: Node has no such globals. */
export const BufferUsage = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128, QUERY_RESOLVE: 512 } as const;
export const MAP_READ_MODE = 1;
