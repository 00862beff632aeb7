"""Every table. Times are UTC. A `*_sealed` column holds ciphertext of the vault."""

from bot.store.tables.columns import metadata
from bot.store.tables.evaluations import Answer, Assignment, Evaluation, Evidence, Notice, Reminder
from bot.store.tables.people import (
    Conversation,
    Identity,
    Invitation,
    Lease,
    Outbox,
    Person,
    Turn,
    WebSession,
)
from bot.store.tables.phones import Control, Handset, Presence, Sighting
from bot.store.tables.sending import Connection, Journal, Message, Number, PushedReceipt, Run

__all__ = [
    "Answer",
    "Assignment",
    "Connection",
    "Control",
    "Conversation",
    "Evaluation",
    "Evidence",
    "Handset",
    "Identity",
    "Invitation",
    "Journal",
    "Lease",
    "Message",
    "Notice",
    "Number",
    "Outbox",
    "Person",
    "Presence",
    "PushedReceipt",
    "Reminder",
    "Run",
    "Sighting",
    "Turn",
    "WebSession",
    "metadata",
]
