/**
 * Whose the daemon's socket is, looked at before anything is sent: parameters and environment are for our daemon alone.
 *
 * Node does not tell who is at the other end of a Unix socket (SO_PEERCRED), so the owner of the socket's file counts,
 * and that no other user can replace the file.
 */
import { Refusal } from "../errors.js";
import { ownerProblem, pathProblem } from "../owned-path.js";

/** @throws Refusal `LIVEOPS_SOCKET_NOT_OURS` where another user made the socket, or could put one in its place */
export function checkSocketOwner(socket: string): void {
  const problem = pathProblem(socket, ownerProblem);
  if (problem === null) return;
  throw new Refusal(
    "LIVEOPS_SOCKET_NOT_OURS",
    `${problem}; nothing was sent to ${socket}; choose another socket with --socket, or run the command as the user whose daemon it is`,
  );
}
