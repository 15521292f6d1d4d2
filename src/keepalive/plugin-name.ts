/** The name of the plugin that `hangup keepalive plugin` writes, where nobody chooses another one. */
export const IDLE_PLUGIN = 'hangup-idle-timeout'
