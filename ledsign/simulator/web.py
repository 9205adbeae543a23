"""The glass in a browser: one small page, its picture and its state. Reads only; meant for this machine."""

import json
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

from ledsign.errors import ConfigError


class Glass(Protocol):
    """What the page looks at."""

    def png(self) -> bytes: ...

    def state(self) -> Mapping[str, object]: ...


_PAGE = b"""<!doctype html><html lang="zh"><meta charset="utf-8"><title>ledsign</title>
<style>
body{margin:0;background:#111;color:#bbb;font:14px system-ui,sans-serif;text-align:center}
canvas{max-width:98vw;max-height:86vh;margin:1.5vh auto;background:#000;border:6px solid #2a2a2a;border-radius:4px}
code{color:#e8c46a}
</style><canvas id="glass" role="img" aria-label="LED"></canvas><div id="line"></div><script>
const glass=document.getElementById("glass"),line=document.getElementById("line");let seen="";
function draw(picture){
  const w=picture.width,h=picture.height,s=Math.max(2,Math.min(8,Math.floor(1600/w)));
  const flat=document.createElement("canvas");flat.width=w;flat.height=h;
  const from=flat.getContext("2d");from.drawImage(picture,0,0);
  const p=from.getImageData(0,0,w,h).data;glass.width=w*s;glass.height=h*s;
  const to=glass.getContext("2d");to.fillStyle="#000";to.fillRect(0,0,w*s,h*s);
  for(let y=0;y<h;y++)for(let x=0;x<w;x++){const i=4*(y*w+x);
    const on=p[i]|p[i+1]|p[i+2];if(!on&&s<4)continue;
    to.fillStyle=on?`rgb(${p[i]},${p[i+1]},${p[i+2]})`:"#161616";
    to.beginPath();to.arc((x+.5)*s,(y+.5)*s,s*.42,0,7);to.fill();}
}
async function look(){
  try{
    const state=await(await fetch("state.json",{cache:"no-store"})).json();
    line.innerHTML="";const c=document.createElement("code");
    c.textContent=`${state.family} ${state.panel} ${state.url} #${state.shown} ${state.sha256.slice(0,8)}`;
    line.append(c);
    if(state.sha256!==seen){
      const blob=await(await fetch("frame.png",{cache:"no-store"})).blob();
      draw(await createImageBitmap(blob));seen=state.sha256;}
  }catch(error){line.textContent="-";seen="";}
  setTimeout(look,300);
}
look();
</script></html>
"""
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src blob:"
)


class WebView:
    """Serves the page on ``HOST:PORT`` until closed. Raises ConfigError when it cannot."""

    def __init__(self, address: str, glass: Glass) -> None:
        host, _, port = address.rpartition(":")
        try:
            self._server = ThreadingHTTPServer((host or "127.0.0.1", int(port)), _handler(glass))
        except (OSError, ValueError, OverflowError) as error:
            raise ConfigError(f"web view on {address}: {error}") from error
        self.url = f"http://{self._server.server_address[0]!s}:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, name="simulator-web", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def _handler(glass: Glass) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/":
                self._send(_PAGE, "text/html; charset=utf-8")
            elif path == "/frame.png":
                self._send(glass.png(), "image/png")
            elif path == "/state.json":
                self._send(json.dumps(glass.state()).encode(), "application/json")
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

        def _send(self, body: bytes, kind: str) -> None:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Security-Policy", _POLICY)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
            """The page asks three times a second; that is no news."""

    return Handler
