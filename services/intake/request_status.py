"""How a request is getting on: tracker's answer, and what its sender sees of it. Pure."""

from datetime import datetime

from pydantic import BaseModel

KINDS = {"waiting_for_customer": "question", "resolved": "resolution", "rejected": "rejection"}
OVER = frozenset({"resolved", "rejected", "closed"})


class StatusMessage(BaseModel):
    """One text that was sent to the citizen; `kind` is `question`, `resolution`, `rejection` or `message`."""

    text: str
    sent_at: datetime
    kind: str = "message"


class RequestStatus(BaseModel):
    """How a request is getting on; `resolved_at` is when it came to an end, where it has."""

    work_number: str
    service_title: str
    state: str
    received_at: datetime
    due_at: datetime | None = None
    resolved_at: datetime | None = None
    messages: list[StatusMessage] = []
    timeline: list["Step"] = []


class Step(BaseModel):
    """A state, since when, and what the citizen was told with it."""

    state: str
    occurred_at: datetime
    text: str | None = None


class TrackersAnswer(BaseModel):
    """What tracker's status API gives."""

    work_number: str
    state: str
    service_title: str
    registered_at: datetime
    due_at: datetime
    timeline: list[Step]

    def for_its_sender(self) -> RequestStatus:
        """Give the texts as messages, and the moment of the end."""
        ends = [step.occurred_at for step in self.timeline if step.state in OVER - {"closed"}]
        messages = [
            StatusMessage(text=step.text, sent_at=step.occurred_at, kind=KINDS.get(step.state, "message")) for step in self.timeline if step.text
        ]
        return RequestStatus(
            work_number=self.work_number,
            service_title=self.service_title,
            state=self.state,
            received_at=self.registered_at,
            due_at=self.due_at,
            resolved_at=ends[-1] if ends and self.state in OVER else None,
            messages=messages,
            timeline=self.timeline,
        )
