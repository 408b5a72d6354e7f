/**
 * Loaded into every process that we start (`node --import`): when the process that started it is gone, however it went,
 * this one is asked to stop too. So nothing that we start is ever left behind.
 */
if (process.channel) {
  process.channel.unref();
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
}
