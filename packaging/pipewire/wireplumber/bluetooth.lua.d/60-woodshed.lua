-- A box that only records has no use for Bluetooth, which would ask the system bus.
bluez_monitor.enabled = false
