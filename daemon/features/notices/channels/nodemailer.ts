/** nodemailer, in a bundle of its own: a daemon loads it for the first mail. */
export { createTransport } from "nodemailer";
