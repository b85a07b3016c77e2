"""What Home Assistant makes of an introduction and of what is published then: its entities' states, by the templates
that it was given, in the language that it has (Jinja 2, sandboxed)."""
import json

import jinja2
import jinja2.sandbox


class Entity:
    def __init__(self, box, component):
        self.box, self.component = box, component
        self.id = component["default_entity_id"]
        self.domain = component["p"]

    def _topic(self, key):
        return self.component.get(key)

    @property
    def state(self):
        """As its state page would show it; None: unknown."""
        message = self.box.last(self._topic("state_topic"))
        if message is None:
            return None
        if self.domain == "event":
            event = json.loads(message)
            assert event["event_type"] in self.component["event_types"], event
            return event["event_type"]
        shown = self.box.render(self.component["value_template"], message)
        if self.domain == "select" and shown is not None:
            assert shown in self.component["options"], shown
        if self.domain in ("switch", "binary_sensor"):
            return {"ON": "on", "OFF": "off"}[shown]
        return shown

    @property
    def attributes(self):
        if self.domain == "event":
            return json.loads(self.box.last(self._topic("state_topic")) or "{}")
        message = self.box.last(self._topic("json_attributes_topic"))
        if message is None:
            return {}
        return json.loads(self.box.render(self.component["json_attributes_template"], message))

    def press(self):
        self.box.room.publish(self._topic("command_topic"), self.component["payload_press"])

    def send(self, payload):
        self.box.room.publish(self._topic("command_topic"), payload)


class Assistant:
    """Hears what `watcher` hears; its entities are those of the last introduction of `device`."""

    def __init__(self, room, watcher, device):
        self.room, self.watcher = room, watcher
        self.topic = f"homeassistant/device/{device}/config"
        self.language = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
        self.language.globals |= {
            "states": lambda entity: self.entities[entity].state,
            "is_state": lambda entity, state: self.entities[entity].state == state,
            "state_attr": lambda entity, name: self.entities[entity].attributes.get(name)}

    def last(self, topic):
        """The last payload there, None if there was none."""
        found = [message.payload for message in self.watcher.messages if message.topic == topic]
        return found[-1] if found else None

    def render(self, template, payload=None, **variables):
        """Stripped, as Home Assistant does; its `None` as None."""
        if payload is not None:
            variables["value"] = payload
            try:
                variables["value_json"] = json.loads(payload)
            except ValueError:
                pass
        shown = self.language.from_string(template).render(variables).strip()
        return None if shown == "None" else shown

    @property
    def entities(self):
        config = self.last(self.topic)
        components = json.loads(config)["cmps"].values() if config else []
        # One that says but its platform is taken leave of.
        found = [Entity(self, component) for component in components if component.keys() != {"p"}]
        return {entity.id: entity for entity in found}
