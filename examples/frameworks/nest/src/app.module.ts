import { Module } from "@nestjs/common";
import { PageController } from "./page.controller.ts";
import { SignupController } from "./signup.controller.ts";

@Module({ controllers: [SignupController, PageController] })
export class AppModule {}
