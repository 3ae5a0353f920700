/** nodemailer, in a bundle of its own: a daemon loads it for the first mail. */

export { createTransport } from "nodemailer";
export { addressesProblem } from "../../../../protocol/features/notices/mail-addresses.js";
