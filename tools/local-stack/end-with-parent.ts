/**
 * Loaded into every process that we start (`node --import`). When the parent process is gone, for whatever reason, this
 * process gets SIGTERM, so that no process is left behind.
 */
if (process.channel) {
  process.channel.unref();
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
}
