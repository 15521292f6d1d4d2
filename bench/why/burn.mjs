/** Keeps a processor busy in bursts, until it is ended. */
for (;;) {
  const untilMs = performance.now() + 80
  while (performance.now() < untilMs);
  await new Promise((resolve) => setTimeout(resolve, 20))
}
