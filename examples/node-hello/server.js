// Answers every request; listens where the platform says.
const express = require("express");

const app = express();
const port = process.env.PORT || 5000;

app.get("/", (request, response) => {
  const greeting = process.env.GREETING || "Hello";
  response.type("text").send(`${greeting} from Node.js ${process.version}\n`);
});

const server = app.listen(port, "0.0.0.0", () => console.log(`listening on ${port}`));

// A deploy ends the old process: finish what is being answered, then go.
process.on("SIGTERM", () => server.close(() => process.exit(0)));
