"""FastAPI on uvicorn: bare, and with its background tasks. VARIANT says which."""

import os

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
ran = 0


async def work(to: str) -> None:
    global ran
    ran += 1


if os.environ["VARIANT"] == "task":

    @app.get("/")
    async def answer_with_task(background_tasks: BackgroundTasks):
        background_tasks.add_task(work, "ada@example.com")
        return {"status": "ok"}

else:

    @app.get("/")
    async def answer():
        return {"status": "ok"}


@app.get("/ran")
async def tasks_run():
    return {"ran": ran}
