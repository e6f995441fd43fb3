import { NOOP } from "./contenders.ts";
import type { Result } from "./throughput.ts";

const WIDTH = 760;
const LABEL = 240;
const ROW = 22;
const COLORS: Readonly<Record<string, string>> = {
  deno: "#3178c6",
  bun: "#d98e73",
  node: "#3c873a",
  workerd: "#f38020",
  python: "#8a6fb0",
};

/**
 * Draws throughput as a part of the same server's without a task: a bar for each contender and
 * runtime, a line where nothing is lost.
 *
 * @param results What was measured.
 * @returns An SVG file.
 */
export function chart(results: readonly Result[]): string {
  const bars = results.filter(({ name, base }) => name !== base);
  const scale = (WIDTH - LABEL - 60) / 1.2;
  const height = bars.length * ROW + 60;
  const one = LABEL + scale;
  const rows = bars.map(({ runtime, name, ratio }, index) => {
    const y = 40 + index * ROW;
    const width = Math.min(ratio.median, 1.2) * scale;
    return `  <text x="${LABEL - 8}" y="${
      y + 14
    }" text-anchor="end">${name}</text>
  <rect x="${LABEL}" y="${y + 2}" width="${width.toFixed(1)}" height="${
      ROW - 5
    }" fill="${COLORS[runtime]}"/>
  <text x="${(LABEL + width + 6).toFixed(1)}" y="${y + 14}">${
      ratio.median.toFixed(2)
    } ${runtime}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="Throughput with background tasks">
  <rect width="100%" height="100%" fill="#fff"/>
  <text x="12" y="20" font-size="14">Throughput as a part of the same server's without tasks (${NOOP} = 1 for Hono)</text>
  <line x1="${one}" y1="34" x2="${one}" y2="${
    height - 16
  }" stroke="#999" stroke-dasharray="3 3"/>
${rows.join("\n")}
</svg>
`;
}
