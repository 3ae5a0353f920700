/** A job with empty stages that reports each stage at its start. Both kinds of processor use it. */
export default async function threeStages(job) {
  for (let stage = 0; stage < job.data.reports; stage++) await job.updateProgress({ stage });
}
