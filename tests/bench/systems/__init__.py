"""The systems that are measured: how each one's server is started, and where its sockets are."""

from tests.bench.systems import bare, channels, nchan, ours, ours_under_uvicorn, socketio, socketio_node
from tests.bench.systems.system import System

OURS: System = ours.Ours()
UVICORN: System = ours_under_uvicorn.OursUnderUvicorn()
CORE: System = channels.Channels("core")
PUBSUB: System = channels.Channels("pubsub")
SOCKETIO: System = socketio.SocketIO()
SOCKETIO_NODE: System = socketio_node.SocketIONode()
NCHAN: System = nchan.Nchan()
BARE: System = bare.Bare()
