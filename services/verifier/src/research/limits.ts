/** What one research may cost the provider and us. What lies beyond is not read, and the report says so. */
export interface ResearchLimits {
  /** Answers read, those of robots.txt aside. */
  readonly pages: number
  /** Bytes read in all. */
  readonly bytes: number
  /** Bytes read of one page; the rest of it is not asked for. */
  readonly pageBytes: number
  /** Bytes read of an OpenAPI document, which is of no use in part. */
  readonly documentBytes: number
  readonly hosts: number
  /** Hops from one address before it is given up. */
  readonly redirects: number
  /** For the whole research. */
  readonly totalMs: number
  /** For one answer. */
  readonly pageMs: number
  /** Frames within frames. */
  readonly frameDepth: number
}

const MIB = 1024 * 1024

export const RESEARCH_LIMITS: ResearchLimits = Object.freeze({
  pages: 30,
  bytes: 24 * MIB,
  pageBytes: 2 * MIB,
  documentBytes: 8 * MIB,
  hosts: 6,
  redirects: 5,
  totalMs: 60_000,
  pageMs: 10_000,
  frameDepth: 3,
})
