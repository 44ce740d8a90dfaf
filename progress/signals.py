"""What progress tells the rest of the system: past tense, after commit, once per batch with a list.

Receivers get `references`, a list of progress.outbox.Reference. A receiver that raises leaves the references in the
outbox, and the sweeper sends them again; so receivers must bear the same reference twice.
"""

from django.dispatch import Signal

progress_announced = Signal()
"""The announced columns of UserProgress rows moved: a `progress_update` entry each."""

lesson_completed = Signal()
"""UserProgress rows became completed."""

exam_attempted = Signal()
"""ExamAttempt rows were submitted."""

certification_issued = Signal()
"""Certification rows were issued."""

entries_withdrawn = Signal()
"""Entries whose rows are gone or taken back; a reference's `subject` is the entry's type, `object_id` its row."""

names_changed = Signal()
"""A person (`subject` "user"), a course or a lesson is called something else now."""

access_changed = Signal()
"""What a person (`user_id`) may see became less or more."""

attention_changed = Signal()
"""A reason for attention in a course (`course_id`) was dismissed, snoozed, or brought back."""
