"""Starlette on uvicorn: bare, and with a background task. VARIANT says which."""

import os

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse
from starlette.routing import Route

ran = 0


async def work(to: str) -> None:
    global ran
    ran += 1


async def answer(request):
    return JSONResponse({"status": "ok"})


async def answer_with_task(request):
    task = BackgroundTask(work, "ada@example.com")
    return JSONResponse({"status": "ok"}, background=task)


async def tasks_run(request):
    return JSONResponse({"ran": ran})


handler = answer_with_task if os.environ["VARIANT"] == "task" else answer
app = Starlette(routes=[Route("/", handler), Route("/ran", tasks_run)])
