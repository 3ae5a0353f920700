/**
 * A job with three empty stages that reports each stage at its start. Both kinds of processor use
 * it.
 */
export default async function threeStages(job) {
  for (let stage = 0; stage < 3; stage++) await job.updateProgress({ stage });
}
