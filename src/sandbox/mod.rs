//! The built-in GitHub and Heroku emulator.
