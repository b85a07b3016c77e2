-- WirePlumber 0.4 (Debian 12) on a box that only records, without D-Bus: every ALSA card in its pro-audio
-- layout, and nothing that asks a session bus or chooses another layout.
alsa_monitor.properties["alsa.reserve"] = false
alsa_monitor.properties["alsa.midi"] = false
alsa_monitor.rules = {
  {
    matches = { { { "device.name", "matches", "alsa_card.*" } } },
    apply_properties = {
      ["api.alsa.use-acp"] = true,
      ["api.acp.auto-profile"] = false,
      ["api.acp.auto-port"] = false,
      ["device.profile"] = "pro-audio",
    },
  },
}
default_access.properties["enable-flatpak-portal"] = false
v4l2_monitor.enabled = false
libcamera_monitor.enabled = false
device_defaults.enabled = false
stream_defaults.enabled = false
