/** The rows of a long queue on the screen: those of the measure, each within its bound. */
import "../measures/queue.js";
