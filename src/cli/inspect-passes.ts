import { epilogueOf, type Graph, type Node } from '../graph/graph.js';
import { table } from './terminal.js';

/** What one pass did: how many nodes there are after it, and those that it took and gave. */
export interface PassChange {
  readonly pass: string;
  readonly nodes: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** Lines of one pass that a terminal shows; JSON has them all. */
const MOST_LINES = 12;

/** A node with the steps that are fused into it. */
const nodeText = (node: Node): string => `${[node.op, ...epilogueOf(node).map(({ op }) => op)].join(' + ')} '${node.name}'`;

/** Follows a graph through the passes. */
export class PassLog {
  readonly changes: PassChange[];
  #before: ReadonlySet<string>;

  constructor(graph: Graph) {
    this.changes = [{ pass: 'import', nodes: graph.nodes.length, removed: [], added: [] }];
    this.#before = new Set(graph.nodes.map(nodeText));
  }

  readonly see = (pass: string, graph: Graph): void => {
    const after = new Set(graph.nodes.map(nodeText));
    const removed = [...this.#before].filter((text) => !after.has(text));
    const added = [...after].filter((text) => !this.#before.has(text));
    this.changes.push({ pass, nodes: graph.nodes.length, removed, added });
    this.#before = after;
  };

  /** A table of the passes, then for each that changed something the nodes before (-) and after (+). */
  text(): string {
    const rows = this.changes.map(({ pass, nodes }, i) => {
      const change = nodes - (this.changes[i - 1]?.nodes ?? nodes);
      return [pass, nodes, change > 0 ? `+${change}` : change === 0 ? '' : change];
    });
    const details = this.changes.flatMap(({ pass, removed, added }) => {
      const lines = [...removed.map((text) => `  - ${text}`), ...added.map((text) => `  + ${text}`)];
      if (lines.length === 0) return [];
      const rest = lines.length > MOST_LINES ? [`  ... and ${lines.length - MOST_LINES} more (--json has all)`] : [];
      return ['', pass, ...lines.slice(0, MOST_LINES), ...rest];
    });
    return [table(['pass', 'nodes>', 'change>'], rows), ...details].join('\n');
  }
}
